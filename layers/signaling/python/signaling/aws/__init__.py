"""AWS behind the two ports, over boto3 or a lean client of its own.

ssl and socket are imported here first, without what they need only for calls that the layer never
makes: sendfile, file descriptors in messages, and certificates as PEM.
"""

from importlib import import_module

from signaling.put_off import put_off

NOT_NEEDED = ("array", "base64", "selectors")
"""A thirtieth of a cold start."""

with put_off(*NOT_NEEDED):
    import_module("ssl")
