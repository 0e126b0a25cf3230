"""What y-webrtc's clients say to a signaling server, and what AWS charges for it."""

from local import LAYER  # and the layer is on the path

__all__ = ["LAYER"]
