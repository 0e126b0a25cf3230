"""What is put off is imported when it is used, and nobody else notices."""

import subprocess
import sys

from local import LAYER

USED_LATER = """
import sys
from signaling.put_off import put_off

with put_off("wave", "xml.dom", "sys"):
    import wave as early
    from xml import dom as early_dom
    import sys as same
assert same is sys
assert not {"wave", "xml.dom"} & sys.modules.keys()

import wave
assert wave.Wave_read is early.Wave_read
assert early_dom.Node is sys.modules["xml.dom"].Node
"""

USED_AT_ONCE = """
import sys
from signaling.put_off import put_off

with put_off("wave"):
    from wave import Wave_read
    import wave
assert sys.modules["wave"] is wave
assert wave.Wave_read is Wave_read
try:
    wave.nothing
except AttributeError:
    pass
else:
    sys.exit("nothing is there")
"""

AN_ERROR = """
import sys
from signaling.put_off import put_off

try:
    with put_off("wave", "no_such_module"):
        import no_such_module
        no_such_module.anything
except ModuleNotFoundError:
    assert not {"wave", "no_such_module"} & sys.modules.keys()
else:
    sys.exit("no error")
"""


ALL_OF_SSL_AND_SOCKET = """
import signaling.aws
import socket, ssl, tempfile

assert ssl.DER_cert_to_PEM_cert(b"abc").splitlines()[1] == "YWJj"
one, other = socket.socketpair()
other.settimeout(10)
with tempfile.TemporaryFile() as file:
    file.write(b"some bytes")
    file.flush()
    one.sendfile(file)
    assert other.recv(100) == b"some bytes"
    socket.send_fds(one, [b"!"], [file.fileno()])
    assert other.recv(100) == b"!"
"""


def run(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-c", program],
        env={"PYTHONPATH": LAYER},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr


def test_a_module_is_imported_when_it_is_used() -> None:
    run(USED_LATER)


def test_a_module_may_be_used_at_once() -> None:
    run(USED_AT_ONCE)


def test_an_error_leaves_nothing_behind() -> None:
    run(AN_ERROR)


def test_ssl_and_socket_can_do_what_they_could() -> None:
    run(ALL_OF_SSL_AND_SOCKET)
