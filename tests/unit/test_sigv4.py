"""Signatures: AWS's published examples, and botocore's own signer."""

from urllib.parse import quote as url_quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from signaling.aws.sigv4 import Credentials, Scope, quote, sign

# The AWS Signature Version 4 test suite, all cases that are not about query strings, repeated
# headers or paths with dots: none of these is ever sent.
SUITE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SUITE_SCOPE = Scope("us-east-1", "service")
SUITE_HEADERS = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
SUITE_TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPf"
    "IeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7W"
    "Z0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8F"
    "DrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)


PLAIN: dict[str, str] = {}
SPACES = {"my-header1": " value1", "my-header2": ' "a   b   c"'}
FORM = {"content-type": "application/x-www-form-urlencoded"}
TOKEN = {"x-amz-security-token": SUITE_TOKEN}
UNRESERVED = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
EXAMPLES = {
    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31": ("GET", "/", PLAIN),
    "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b": ("POST", "/", PLAIN),
    "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736": ("GET", "/", SPACES),
    "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f": ("GET", UNRESERVED, PLAIN),
    "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85": ("GET", "/\u1234", PLAIN),
    "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a": ("POST", "/", FORM),
    "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead": ("POST", "/", TOKEN),
}


@pytest.mark.parametrize("signature", EXAMPLES)
def test_signatures_are_those_of_the_published_examples(signature: str) -> None:
    method, path, headers = EXAMPLES[signature]
    body = b"Param1=value1" if headers == FORM else b""
    all_headers = SUITE_HEADERS | headers
    assert sign(SUITE, SUITE_SCOPE, method, path, all_headers, body) == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={';'.join(sorted(all_headers))}, Signature={signature}"
    )


segments = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda segment: segment not in (".", "..")
)
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
header_names = st.from_regex(r"x-[a-z]{1,8}(-[a-z0-9]{1,8})?", fullmatch=True).filter(
    lambda name: name not in ("x-amz-date", "x-amzn-trace-id")  # the SDK signs no trace id
)


@given(
    credentials=st.builds(Credentials, words, words, st.none() | words),
    scope=st.builds(Scope, st.sampled_from(["us-east-1", "cn-north-1"]), words),
    path=st.lists(segments, max_size=4).map(lambda parts: "/" + "/".join(map(quote, parts))),
    headers=st.dictionaries(header_names, st.lists(words, max_size=3).map("  ".join), max_size=4),
    body=st.binary(max_size=200),
    timestamp=st.datetimes().map(lambda time: f"{time:%Y%m%dT%H%M%SZ}".rjust(16, "0")),
)
def test_signatures_are_those_of_botocore(
    credentials: Credentials,
    scope: Scope,
    path: str,
    headers: dict[str, str],
    body: bytes,
    timestamp: str,
) -> None:
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    headers |= {"host": "example.com", "x-amz-date": timestamp}
    request = AWSRequest("POST", f"https://example.com{path}", headers, body)
    request.context["timestamp"] = timestamp
    signer = SigV4Auth(BotocoreCredentials(*credentials), scope.service, scope.region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    names = signer.signed_headers(signer.headers_to_sign(request))
    assert sign(credentials, scope, "POST", path, headers, body) == (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, "
        f"Signature={signer.signature(text, request)}"
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_quote_leaves_only_unreserved_characters(text: str) -> None:
    assert quote(text) == url_quote(text, safe="-_.~")
