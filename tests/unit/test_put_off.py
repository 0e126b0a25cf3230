"""What is put off is imported when it is used, and nobody else notices."""

import sys

import pytest

from local import LAYER
from tests.support.commands import run

PROGRAMS = {
    "a module is imported when it is used": """
with put_off("wave", "xml.dom", "sys"):
    import wave as early
    from xml import dom as early_dom
    import sys as same
assert same is sys
assert not {"wave", "xml.dom"} & sys.modules.keys()

import wave
assert wave.Wave_read is early.Wave_read
assert early_dom.Node is sys.modules["xml.dom"].Node
""",
    "a module may be used at once": """
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
""",
    "an error leaves nothing behind": """
try:
    with put_off("wave", "no_such_module"):
        import no_such_module
        no_such_module.anything
except ModuleNotFoundError:
    assert not {"wave", "no_such_module"} & sys.modules.keys()
else:
    sys.exit("no error")
""",
    "ssl and socket can do what they could": """
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
""",
}

BEGINNING = "import sys\nfrom signaling.put_off import put_off\n"


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_in_a_process_of_its_own(program: str) -> None:
    done = run(sys.executable, "-B", "-c", BEGINNING + program, env={"PYTHONPATH": LAYER})
    assert done.returncode == 0, done.stderr
