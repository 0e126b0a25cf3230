"""Secrets Manager with one secret, on loopback."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any

SECRET = "correct horse battery staple, and then some"


class SecretsManager(ThreadingHTTPServer):
    """Answers every request with `SECRET`, and notes the Region that it was signed for."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        self.regions: list[str] = []
        self.trouble: Callable[[BufferedIOBase], None] | None = None
        """Writes to the client whatever it likes, in place of any answer."""
        manager = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                manager.regions.append(self.headers["Authorization"].split("/")[2])
                if manager.trouble:
                    with suppress(OSError):  # the client has had enough
                        manager.trouble(self.wfile)
                    return
                body = json.dumps({"SecretString": SECRET}).encode()
                self.send_response(200)
                self.send_header("Content-Length", f"{len(body)}")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def server_close(self) -> None:
        """End the server."""
        self.shutdown()
        super().server_close()
