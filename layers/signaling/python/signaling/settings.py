"""Settings of the stack's owner, read from the environment once, when first needed."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache

from signaling.access.origins import ANY_ORIGIN, parse_origins
from signaling.protocol import Limits
from signaling.typed import NamedTuple

ADDRESSED = "addressed"
"""A message goes only to the clients that it is meant for, and never back to its sender."""

BROADCAST = "broadcast"
"""A message goes to every subscriber, including its sender, as with y-webrtc's own server."""

LEAN = "lean"
"""The layer's own AWS client, which needs a tenth of the SDK's CPU."""

BOTO3 = "boto3"
"""The AWS SDK that the Lambda runtime brings."""

INFO = "INFO"
"""Every invocation is logged."""

WARNING = "WARNING"
"""Only failures are logged. Alarms count those lines, so no setting leaves them out."""

_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
_ADDRESS = "0123456789abcdefABCDEF:."
"""Characters of table names and host names, and of an IPv6 address.

Compiling patterns for these would take 1.5 ms of a cold start.
"""


class SettingError(ValueError):
    """A variable of the environment has a value that is not allowed."""

    def __init__(self, variable: str, value: str, allowed: str) -> None:
        """Name the variable, its value and the allowed values."""
        super().__init__(f"{variable} is {value!r}: choose {allowed}")
        self.variable = variable
        self.value = value
        self.allowed = allowed


class Settings(NamedTuple):
    """The choices of `template.yaml` as the functions see them."""

    table: str
    connections_endpoint: str
    """`https://{api}.execute-api.{region}.{suffix}/{stage}`. An event's domainName would not do: it
    may be a custom domain, which does not serve @connections."""
    delivery: str
    needs_token: bool
    """Whether a connection may do nothing that its authorizer has not granted."""
    limits: Limits
    max_rooms: int
    """Maximum number of rooms that a connection may enter, 0 for any number."""
    max_recipients: int
    """Maximum number of clients that get a message for all members of a room."""
    allowed_origins: tuple[str, ...]
    """Patterns of the origins whose pages may connect; `*` allows every client."""
    aws_client: str
    log_level: str
    """The lowest level that is logged, INFO or WARNING."""
    is_traced: bool
    """Whether X-Ray gets subsegments."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read settings from `environ`, with the template's defaults for unset variables.

        Raises:
            SettingError: a variable has a value that is not allowed.
        """
        defaults = Limits()
        return cls(
            table=_matching("TABLE_NAME", environ, _is_table_name, "the name of a DynamoDB table"),
            connections_endpoint=connections_endpoint(environ),
            delivery=_one_of("DELIVERY", environ, (ADDRESSED, BROADCAST)),
            needs_token=_one_of("TOKENS", environ, ("none", "required")) == "required",
            limits=Limits(
                topics=_number("MAX_TOPICS", environ, defaults.topics, 1, 1000),
                topic_bytes=_number("MAX_TOPIC_BYTES", environ, defaults.topic_bytes, 1, 1018),
                message_bytes=_number(
                    "MAX_MESSAGE_BYTES", environ, defaults.message_bytes, 1024, 131_000
                ),
            ),
            max_rooms=_number("MAX_ROOMS", environ, 1000, 0, 100_000),
            max_recipients=_number("MAX_RECIPIENTS", environ, 100, 1, 100_000),
            allowed_origins=_origins("ALLOWED_ORIGINS", environ),
            aws_client=_one_of("AWS_CLIENT", environ, (LEAN, BOTO3)),
            log_level=_one_of("LOG_LEVEL", environ, (INFO, WARNING)),
            is_traced=_one_of("TRACING", environ, ("Disabled", "Active")) == "Active",
        )


@cache
def settings() -> Settings:
    """Return the settings of this process.

    Raises:
        SettingError: as `Settings.from_env` does. The first time, the log says so as well.
    """
    try:
        return Settings.from_env(os.environ)
    except SettingError as error:
        _log_once(error.variable, error.value, error.allowed)
        raise


@cache
def _log_once(variable: str, value: str, allowed: str) -> None:
    # Not with `InvocationLog`, whose level is one of the settings.
    fields = {"variable": variable, "value": value, "allowed": allowed}
    sys.stdout.write(json.dumps({"level": "ERROR", "error": "SettingError", **fields}) + "\n")


def connections_endpoint(environ: Mapping[str, str]) -> str:
    """Return CONNECTIONS_ENDPOINT, or where the SDKs' own variables say it is.

    The order is that of the SDKs, for either client: boto3 reads neither when it is given a URL.
    The URL for all services has no API and no stage; every emulator that follows LocalStack finds
    them in the path: https://docs.localstack.cloud/aws/services/apigateway/
    """
    deployed = _url("CONNECTIONS_ENDPOINT", environ)
    if service := _url("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", environ):
        return service
    if deployed and (everything := _url("AWS_ENDPOINT_URL", environ)):
        host, _, stage = deployed.partition("://")[2].partition("/")
        return f"{everything.rstrip('/')}/_aws/execute-api/{host.partition('.')[0]}/{stage}"
    return deployed


def _url(name: str, environ: Mapping[str, str]) -> str:
    return _matching(name, environ, _is_url, "a URL such as https://example.com/dev")


def _matching(
    name: str, environ: Mapping[str, str], is_allowed: Callable[[str], bool], allowed: str
) -> str:
    value = environ.get(name, "")
    if value and not is_allowed(value):
        raise SettingError(name, value, allowed)
    return value


def _is_table_name(text: str) -> bool:
    return 3 <= len(text) <= 255 and not text.strip(_NAME)


def _is_url(text: str) -> bool:
    scheme, _, rest = text.partition("://")
    authority = rest.partition("/")[0]
    has_port = ":" in authority and not authority.endswith("]")
    host, _, port = authority.rpartition(":") if has_port else (authority, "", "0")
    if host.startswith("[") and host.endswith("]"):  # an IPv6 address
        is_host = len(host) > 2 and not host[1:-1].strip(_ADDRESS)
    else:
        is_host = bool(host) and not host.strip(_NAME)
    is_plain = not set(text) & {"?", "#"} and text == "".join(text.split())
    return scheme in ("http", "https") and is_host and _is_number(port, 5) and is_plain


def _number(name: str, environ: Mapping[str, str], default: int, least: int, most: int) -> int:
    value = environ.get(name, str(default))
    if not _is_number(value, 9) or not least <= int(value) <= most:
        raise SettingError(name, value, f"a whole number from {least} to {most}")
    return int(value)


def _is_number(text: str, most_digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= most_digits


def _one_of(name: str, environ: Mapping[str, str], values: tuple[str, ...]) -> str:
    value = environ.get(name, values[0])
    if value not in values:
        raise SettingError(name, value, f"one of {', '.join(values)}")
    return value


def _origins(name: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    value = environ.get(name, ANY_ORIGIN)
    try:
        return parse_origins(value)
    except ValueError as error:
        raise SettingError(name, value, str(error)) from None
