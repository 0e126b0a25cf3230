"""The authorizer's part: which tokens are valid, and the keys that check them.

PyJWT is imported here first, without what fetching keys and checking a token never use: it can
also read keys from certificates, and http.client and cryptography import much for other purposes.
"""

from importlib import import_module

from signaling.put_off import put_off

NOT_NEEDED = ("cryptography.x509", "ast", "ipaddress", "locale", "shutil", "tokenize")
"""A sixth of a cold start. What a later version of PyJWT uses of it is imported then."""

with put_off(*NOT_NEEDED):
    import_module("jwt")
