"""API Gateway's WebSocket API on one machine, made from `template.yaml`."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

# Where the functions find the layer: Lambda has /opt/python on the path in the same way.
LAYER = str(ROOT / "layers" / "signaling" / "python")
if LAYER not in sys.path:
    sys.path.insert(0, LAYER)
