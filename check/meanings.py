"""The most likely meanings of the server's answers, and what to do. Pure."""

from collections.abc import Sequence

from check.findings import Advice
from rig.clients import Frame

CLOSED = Advice("the server, or a proxy before it, closes connections or has ended", "see its log")

_REDEPLOYED = "see the function's log with `sam logs --stack-name <stack>`"


def of_status(status: int, has_token: bool, expired: bool = False) -> Advice:
    """Return the meaning of the HTTP `status` that answered a handshake."""
    if status == 401 and not has_token:
        return Advice("the server wants a token", "bring one: TOKEN=...")
    if status == 401:
        return Advice(
            "the server found no token in the URL, although one was sent",
            "see whether a proxy cuts the query off, and what name the server wants it under",
        )
    if status == 403 and expired:
        return Advice("the token has expired", "mint a new one")
    if status == 403:
        token = "the token is refused, or " if has_token else ""
        return Advice(
            f"{token}the origin is not in AllowedOrigins, or the URL's last part is no stage",
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
            "wait a minute and try again; if nobody else connects, raise the limits",
        )
    if status == 500:
        return Advice("the authorizer failed, or what it answers is no policy", _REDEPLOYED)
    if status == 504:
        return Advice("the function of $connect takes too long", _REDEPLOYED)
    if status >= 500:
        return Advice(
            "the function of $connect failed: often a setting that it cannot read",
            f'{_REDEPLOYED} and look for "SettingError"',
        )
    return Advice(
        "the server, or a proxy before it, takes this for a bad request",
        "see whether the URL is too long (API Gateway: 4,096 characters) and what stands between",
    )


_OF_CODES = {
    "forbidden": Advice(
        "the token does not open this room, or API Gateway did not pass on the authorizer's answer",
        "look at the token's topics; if they are right, switch tokens off and on again",
    ),
    "unavailable": Advice(
        "the table is throttled or out of reach",
        "look at the table's alarms, and at CapacityMode: free-tier refuses what is beyond it",
    ),
}


def of_frames(frames: Sequence[Frame]) -> Advice | None:
    """Return the meaning of the first of `frames` that reports a failure, if any."""
    for frame in frames:
        code, message = frame.get("code"), frame.get("message")
        if frame.get("type") == "error":
            return _OF_CODES.get(str(code)) or Advice(
                f"the server does not take what y-webrtc sends ({code}: {message})",
                "see whether it is the version of this check",
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
