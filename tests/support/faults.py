"""Faults for local servers to have, as source code: `planted` puts them in."""

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

SIGNALS_TO_EVERYBODY = """
from signaling import delivery

def addressees(subscribers, sender, signal):
    return [each.connection for each in subscribers if each.connection != sender.connection]

delivery.addressees = addressees
"""

DEAD_PING = """
from local.gateway.gateway import Gateway

received = Gateway.received

def swallow_pings(self, connection, body):
    if body != '{"type": "ping"}':
        received(self, connection, body)

Gateway.received = swallow_pings
"""

SWALLOWED_ERRORS = """
from signaling.ports import Outcome
from signaling.rooms import Rooms

Rooms.reply = lambda self, connection, frame: Outcome([connection], [], [])
"""

DROPPED_CONTEXT = """
from local.gateway import gateway

message_event = gateway.message_event

def without_context(context, *more):
    kept = {name: value for name, value in context.items() if name != "authorizer"}
    return message_event(kept, *more)

gateway.message_event = without_context
"""

EVERYTHING_GRANTED = """
from signaling.access.grants import EVERYTHING, Grants

Grants.from_context = classmethod(lambda cls, context, needs_token: EVERYTHING)
"""

MESSAGES_FAIL = """
from signaling.rooms import Rooms

def fail(self, sender, message):
    raise SystemError("planted")

Rooms.publish = fail
"""

ENDS_AT_MALFORMED = """
from local.gateway.gateway import Gateway

received = Gateway.received

def end(self, connection, body):
    if body == '{"type":"publish",':
        for each in list(self.connections.values()):
            each.socket.close(1011)
    received(self, connection, body)

Gateway.received = end
"""


LEAKS = """
from local.table.in_memory import MemorySubscriptions

of_topic = MemorySubscriptions.of_topic

def of_all_topics(self, topic, most=None):
    return [each for room in list(self._rows) for each in of_topic(self, room)]

MemorySubscriptions.of_topic = of_all_topics
"""

NOBODY_LEAVES = """
from local.table.in_memory import MemorySubscriptions

MemorySubscriptions.remove_connection = lambda self, connection: None
"""

ECHOES = """
from signaling import delivery

def addressees(subscribers, sender, signal):
    return [each.connection for each in subscribers if each.peer in (signal.to, signal.peer)]

delivery.addressees = addressees
"""

CLOSES_AFTER_1_S = """
import asyncio
from local.gateway.gateway import Gateway

opened = Gateway.opened

def close_soon(self, connection, socket):
    opened(self, connection, socket)
    asyncio.get_running_loop().call_later(1, socket.close, 1001)

Gateway.opened = close_soon
"""

GREETS = """
from local.gateway.gateway import Gateway

opened = Gateway.opened

def greet(self, connection, socket):
    opened(self, connection, socket)
    socket.send(b'{"type":"welcome"}')

Gateway.opened = greet
"""

ADDS_A_SUBPROTOCOL = """
from local.gateway import gateway

gateway.subprotocol_of = lambda result: "graphql-ws"
"""
