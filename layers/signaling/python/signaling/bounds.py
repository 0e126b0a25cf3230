"""How much the table keeps of what clients say, and how much of it is read: for every adapter."""

HELD_BYTES = 16 * 1024
"""How much of a member's signals to absent peers is kept: some offers with all that belongs to
them. Every read of the room also reads them."""

LEFT_MILLISECONDS = 60_000
"""How long the table remembers that a client has left a topic.

After that no earlier message of the client can still be handled: API Gateway gives each half a
minute.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

LEFT_ROWS = 27
"""How many rows of clients that left long ago are too cheap to be worth deleting."""

LISTED_FIRST, LISTED_LAST = 4, 2
"""How many of the connections that claim one peer id get its messages.

Its owner claims it first, so no other client can take its signals away, however many connections
claim its id. The last is its owner on a new connection, before the former one is found gone.
"""

TOPICS_A_LOOK = 50
"""A connection's number of topics is checked for one in this many topics that it enters.

So a connection may enter some more than allowed, one in a thousand 350 more, and entering a room
costs a fiftieth of a request more.
"""

SAMPLE = 32
"""How many subscribers of a large room are read to find some that have announced themselves.

Members that lost a connection and have too many for another one have not. They are about half of a
room whose members have been replaced (benchmarks/results/simulation.md).
"""

OFFER_MILLISECONDS = 10_000
"""If a page leaves the room within this time after an offer, or twice this time, the one that made
it is told. A page answers within a second or so, but WebRTC needs the candidates, too, and each of
these signals may meet a cold start and a slow network."""

OFFERS_NOTED = 24
"""How many offers to one member are noted in that time. More are made all the same."""

NOTED_PEER_BYTES = 64
"""Longest peer id (y-webrtc's has 36 bytes) whose offers are noted, so that to note one takes no
more than 8 write units."""
