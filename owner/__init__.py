"""What an owner asks of a live stack: who is in it, and to close a connection."""

from local import LAYER  # and the layer is on the path

__all__ = ["LAYER"]
