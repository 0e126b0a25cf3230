"""Faults for local servers to have, as source code: `planted` puts them in."""

from tests.support.planted import replaced

_ADDRESSEES = ("signaling.delivery", "addressees", "subscribers, sender, signal")
_RECEIVED = ("local.gateway.gateway", "Gateway.received", "self, connection, body")
_OPENED = ("local.gateway.gateway", "Gateway.opened", "self, connection, socket")

ANNOUNCES_TO_EVERYONE = replaced(
    "signaling.small_rooms",
    "introduce",
    "subscribers, sender, announce",
    "return [each.connection for each in subscribers if each.connection != sender.connection], []",
)

LOST_ANNOUNCE = """
from signaling.ports import Outcome
from signaling.rooms import Handled, Rooms

publish, announces = Rooms.publish, 0

def lose_some(self, sender, message):
    global announces
    announces += message.announce is not None
    if message.announce and announces % 4 == 0:
        return Handled(Outcome([], [], []))
    return publish(self, sender, message)

Rooms.publish = lose_some
"""

SIGNALS_TO_EVERYBODY = replaced(
    *_ADDRESSEES,
    "return [each.connection for each in subscribers if each.connection != sender.connection]",
)

ECHOES = replaced(
    *_ADDRESSEES,
    "return [each.connection for each in subscribers if each.peer in (signal.to, signal.peer)]",
)

SWALLOWED_ERRORS = """
from signaling.ports import Outcome
from signaling.rooms import Rooms

Rooms.reply = lambda self, connection, frame: Outcome([connection], [], [])
"""

MESSAGES_FAIL = replaced(
    "signaling.rooms", "Rooms.publish", "self, sender, message", "raise SystemError('planted')"
)

EVERYTHING_GRANTED = """
from signaling.access.grants import EVERYTHING, Grants

Grants.from_context = classmethod(lambda cls, context, needs_token: EVERYTHING)
"""

DROPPED_CONTEXT = replaced(
    "local.gateway.gateway",
    "message_event",
    "context, *more",
    """
kept = {name: value for name, value in context.items() if name != "authorizer"}
return original(kept, *more)
""",
)

ADDS_A_SUBPROTOCOL = replaced(
    "local.gateway.gateway", "subprotocol_of", "result", "return 'graphql-ws'"
)

DEAD_PING = replaced(
    *_RECEIVED,
    """
if body != '{"type": "ping"}':
    original(self, connection, body)
""",
)

ENDS_AT_MALFORMED = replaced(
    *_RECEIVED,
    """
if body == '{"type":"publish",':
    for each in list(self.connections.values()):
        each.socket.close(1011)
original(self, connection, body)
""",
)

CLOSES_AFTER_1_S = replaced(
    *_OPENED,
    """
import asyncio
original(self, connection, socket)
asyncio.get_running_loop().call_later(1, socket.close, 1001)
""",
)

GREETS = replaced(
    *_OPENED,
    """
original(self, connection, socket)
socket.send(b'{"type":"welcome"}')
""",
)

LEAKS = replaced(
    "local.table.in_memory",
    "MemorySubscriptions.of_topic",
    "self, topic, most=None",
    "return [each for room in list(self._rows) for each in original(self, room)]",
)

NOBODY_LEAVES = replaced(
    "local.table.in_memory", "MemorySubscriptions.remove_connection", "self, connection", "pass"
)
