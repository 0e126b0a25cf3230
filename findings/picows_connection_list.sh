#!/usr/bin/env bash
# picows 2.3.1: a handshake with `Connection: keep-alive, Upgrade` is refused.
#
# The header is a list, and RFC 6455 (4.2.1) asks that the token "upgrade" be in it. Firefox sends
# the two tokens, and proxies may. picows compares the whole value, and answers 400.
#
# Seen with picows 2.3.1 and Python 3.11.7:
#
#     Upgrade: HTTP/1.1 101
#     keep-alive, Upgrade: HTTP/1.1 400
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check picows==2.3.1
cat >handshakes.py <<'EOF'
import asyncio

from picows import WSListener, ws_create_server


async def status_of(port: int, connection: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [
        "GET / HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        f"Connection: {connection}",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    answer = await reader.readline()
    writer.close()
    return answer.decode()[:12]


async def main() -> None:
    server = await ws_create_server(lambda request: WSListener(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for connection in ("Upgrade", "keep-alive, Upgrade"):
        print(f"{connection}: {await status_of(port, connection)}")


asyncio.run(main())
EOF
venv/bin/python handshakes.py 2>/dev/null | tee seen
cat >expected <<'EOF'
Upgrade: HTTP/1.1 101
keep-alive, Upgrade: HTTP/1.1 400
EOF
diff expected seen
