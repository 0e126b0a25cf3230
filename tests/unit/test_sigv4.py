"""Signatures, beside those of botocore's own signer."""

from urllib.parse import quote as url_quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from signaling.aws.sigv4 import Credentials, Scope, quote, sign

segments = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda segment: segment not in (".", "..")
)
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
header_values = st.lists(words | st.just(""), max_size=3).map("  ".join)
header_names = st.from_regex(r"x-[a-z]{1,8}(-[a-z0-9]{1,8})?", fullmatch=True).filter(
    lambda name: name not in ("x-amz-date", "x-amzn-trace-id")  # the SDK signs no trace id
)


@given(
    method=st.sampled_from(["GET", "POST"]),
    credentials=st.builds(Credentials, words, words, st.none() | words),
    scope=st.builds(Scope, st.sampled_from(["us-east-1", "cn-north-1"]), words),
    path=st.lists(segments, max_size=4).map(lambda parts: "/" + "/".join(map(quote, parts))),
    headers=st.dictionaries(header_names, header_values, max_size=4),
    body=st.binary(max_size=200),
    timestamp=st.datetimes().map(lambda time: f"{time:%Y%m%dT%H%M%SZ}".rjust(16, "0")),
)
def test_signatures_are_those_of_botocore(
    method: str,
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
    request = AWSRequest(method, f"https://example.com{path}", headers, body)
    request.context["timestamp"] = timestamp
    signer = SigV4Auth(BotocoreCredentials(*credentials), scope.service, scope.region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    names = signer.signed_headers(signer.headers_to_sign(request))
    assert sign(credentials, scope, method, path, headers, body) == (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, "
        f"Signature={signer.signature(text, request)}"
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_quote_leaves_only_unreserved_characters(text: str) -> None:
    assert quote(text) == url_quote(text, safe="-_.~")
