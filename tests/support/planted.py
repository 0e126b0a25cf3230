"""Local servers with a fault: their code is changed before they start."""

from tests.support.servers import LocalServer, StartLocalServer

ANNOUNCES_TO_EVERYONE = """
from signaling import rooms

def introduce(subscribers, sender, announce):
    others = [each.connection for each in subscribers if each.connection != sender.connection]
    return others, []

rooms.introduce = introduce
"""


def planted(local_server: StartLocalServer, fault: str, *options: str) -> LocalServer:
    """Start a server with a fault."""
    return local_server(*options, program=program_with(fault))


def program_with(fault: str) -> str:
    """Return the source of a local server with a fault."""
    start = "import sys\nfrom local.__main__ import main\nsys.exit(main())\n"
    return f"import local\n{fault}\n{start}"
