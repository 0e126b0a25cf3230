"""The messages of y-webrtc's clients to a signaling server, and AWS's prices for them."""

from local import LAYER  # this puts the layer on the path

__all__ = ["LAYER"]
