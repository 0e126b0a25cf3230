"""The most likely meanings of the server's answers, and what to do. Pure."""

from collections.abc import Sequence

from check.findings import Advice
from rig.clients import Frame

CLOSED = Advice("the server, or a proxy before it, closes connections or has ended", "see its log")

_REDEPLOYED = "see the function's log with `sam logs --stack-name <stack>`"


def of_status(status: int, has_token: bool, expired: bool = False) -> Advice:
    """Return the meaning of the HTTP `status` that answered a handshake."""
    if status == 401 and not has_token:
        return Advice("the server wants a token", "pass one: TOKEN=...")
    if status == 401:
        return Advice(
            "the server found no token in the URL, although one was sent",
            "check whether a proxy drops the query, and under which name the server expects it",
        )
    if status == 403 and expired:
        return Advice("the token has expired", "mint a new one")
    if status == 403:
        token = "the token is refused, or " if has_token else ""
        return Advice(
            f"{token}the origin is not in AllowedOrigins, "
            "or the last part of the URL is not a stage",
            "compare the URL with the output SignalingUrl, give ORIGIN=https://..., and look for "
            '"refused" in the log',
        )
    if status == 404 or status < 400:
        return Advice(
            "something answers HTTP there, but it is no signaling server",
            "compare the URL with the output SignalingUrl, to its last part",
        )
    if status == 429:
        return Advice(
            "too many connects: RouteRateLimit, RouteBurstLimit or the account's own limit",
            "wait a minute and try again; if no other client connects, raise the limits",
        )
    if status == 500:
        return Advice("the authorizer failed, or its answer is not a policy", _REDEPLOYED)
    if status == 504:
        return Advice("the function of $connect takes too long", _REDEPLOYED)
    if status >= 500:
        return Advice(
            "the function of $connect failed: often a setting that it cannot read",
            f'{_REDEPLOYED} and look for "SettingError"',
        )
    return Advice(
        "the server, or a proxy before it, considers this a bad request",
        "check whether the URL is too long (API Gateway: 4,096 characters), and what is in between",
    )


_OF_CODES = {
    "forbidden": Advice(
        "the token does not open this room, or API Gateway did not pass on the authorizer's answer",
        "look at the token's topics; if they are right, switch tokens off and on again",
    ),
    "unavailable": Advice(
        "the table is throttled or out of reach",
        "look at the table's alarms, and at CapacityMode: free-tier refuses requests beyond it",
    ),
}


def of_frames(frames: Sequence[Frame]) -> Advice | None:
    """Return the meaning of the first of `frames` that reports a failure, if any."""
    for frame in frames:
        code, message = frame.get("code"), frame.get("message")
        if frame.get("type") == "error":
            return _OF_CODES.get(str(code)) or Advice(
                f"the server rejects what y-webrtc sends ({code}: {message})",
                "check that it is of the same version as this check",
            )
        if "type" not in frame and message == "Internal server error":
            return Advice("the message function failed", _REDEPLOYED)
        if "type" not in frame and message:
            return Advice(
                f"API Gateway did not run the function: {message}",
                "look for throttled invocations: a new account has 10 concurrent Lambdas; "
                "and at MessageRateLimit and MessageConcurrency",
            )
    return None
