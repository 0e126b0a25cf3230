"""The authorizer's part: which tokens are valid, and the keys that check them.

PyJWT also reads keys from certificates, so it imports all that cryptography has for those: a sixth
of a cold start. No token here needs them, so that is put off until something of it is used.
"""

import sys
from importlib.util import LazyLoader, find_spec, module_from_spec

_PARENT, _CERTIFICATES = "cryptography", "x509"


def _put_off() -> None:
    name = f"{_PARENT}.{_CERTIFICATES}"
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    # Otherwise `from cryptography import x509` would look into the module, which loads it.
    setattr(sys.modules[_PARENT], _CERTIFICATES, sys.modules[name])


_put_off()
