"""The wire protocol of y-webrtc: frames that are made here for clients, and parts of them. Pure."""

import json

from signaling.errors import SignalingError

PONG = '{"type":"pong"}'

quote = json.JSONEncoder().encode
"""Returns a string as JSON."""


def plain_announce(peer: str) -> str:
    """Return the data of y-webrtc's announce of `peer`, as a page without a password sends it."""
    return f'{{"type":"announce","from":{quote(peer)}}}'


def encode_announce(topic: str, data: str, clients: int) -> str:
    """Return the message that announced a client in `topic`, rebuilt from its `data` as JSON."""
    return f'{{"type":"publish","topic":{quote(topic)},"data":{data},"clients":{clients}}}'


def encode_hang_up(topic: str, peer: str, to: str) -> str:
    """Return the message that makes the client `to` give up its connection to `peer`.

    It is an empty signal from `peer`. On such a signal y-webrtc's simple-peer destroys the
    connection, as after any error, and the page takes it out of its table.
    https://github.com/feross/simple-peer/blob/v9.11.1/index.js#L225
    """
    data = f'{{"type":"signal","from":{quote(peer)},"to":{quote(to)},"signal":{{"type":"gone"}}}}'
    return f'{{"type":"publish","topic":{quote(topic)},"data":{data}}}'


def encode_error(error: SignalingError) -> str:
    """Return the frame that tells a client about `error`; y-webrtc ignores it, people read it."""
    return json.dumps({"type": "error", "code": error.code, "message": str(error)})
