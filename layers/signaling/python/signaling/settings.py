"""What the owner of a stack can choose, read from the environment late and once."""

import os
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from signaling.access.origins import ANY_ORIGIN, parse_origins
from signaling.protocol import Limits

ADDRESSED = "addressed"
"""A message goes to whom it is for: never back to its sender, a signal to its addressee."""

BROADCAST = "broadcast"
"""A message goes to every subscriber, its sender too, as y-webrtc's own server does it."""

LEAN = "lean"
"""The layer's own AWS client: a tenth of the SDK's CPU."""

BOTO3 = "boto3"
"""The AWS SDK that the Lambda runtime brings."""


LEVELS = ("INFO", "WARNING", "ERROR")
"""Levels of log lines, from the least."""


class Settings(NamedTuple):
    """The choices of `template.yaml` as the functions see them."""

    table: str
    connections_endpoint: str
    """`https://{api}.execute-api.{region}.{suffix}/{stage}`: never made of an event's domainName,
    which is the custom domain where there is one, and that does not serve @connections."""
    delivery: str
    limits: Limits
    allowed_origins: tuple[str, ...]
    """Patterns of the pages that may connect; `*` is every page."""
    aws_client: str
    log_level: str
    """The least level of a line that is logged, one of `LEVELS`."""
    is_traced: bool
    """Whether X-Ray gets subsegments."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read settings from `environ`, with the template's defaults for what is not set.

        Raises:
            ValueError: a value is none of those that there are, a limit is no number, or something
                in `ALLOWED_ORIGINS` no origin.
        """
        defaults = Limits()
        return cls(
            table=environ.get("TABLE_NAME", ""),
            connections_endpoint=_connections_endpoint(environ),
            delivery=_one_of((ADDRESSED, BROADCAST), "DELIVERY", environ),
            limits=Limits(
                topics=int(environ.get("MAX_TOPICS", defaults.topics)),
                topic_bytes=int(environ.get("MAX_TOPIC_BYTES", defaults.topic_bytes)),
                message_bytes=int(environ.get("MAX_MESSAGE_BYTES", defaults.message_bytes)),
            ),
            allowed_origins=parse_origins(environ.get("ALLOWED_ORIGINS", ANY_ORIGIN)),
            aws_client=_one_of((LEAN, BOTO3), "AWS_CLIENT", environ),
            log_level=_one_of(LEVELS, "LOG_LEVEL", environ),
            is_traced=_one_of(("Disabled", "Active"), "TRACING", environ) == "Active",
        )


def _connections_endpoint(environ: Mapping[str, str]) -> str:
    # The SDKs' own variables, and their precedence, for either client: boto3 reads neither when it
    # is given a URL. The one for all services knows no API and no stage, which every emulator that
    # follows LocalStack finds in the path: https://docs.localstack.cloud/aws/services/apigateway/
    deployed = environ.get("CONNECTIONS_ENDPOINT", "")
    if service := environ.get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"):
        return service
    if deployed and (everything := environ.get("AWS_ENDPOINT_URL")):
        host, _, stage = deployed.partition("://")[2].partition("/")
        return f"{everything.rstrip('/')}/_aws/execute-api/{host.partition('.')[0]}/{stage}"
    return deployed


def _one_of(values: tuple[str, ...], name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, values[0])
    if value not in values:
        raise ValueError(f"{name} is {value!r}: choose one of {', '.join(values)}")
    return value


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings.from_env(os.environ)
