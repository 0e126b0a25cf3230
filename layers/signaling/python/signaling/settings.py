"""What the owner of a stack can choose, read from the environment late and once."""

import os
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from signaling.origins import ANY_ORIGIN, parse_origins
from signaling.protocol import Limits

ADDRESSED = "addressed"
"""A message goes to whom it is for: never back to its sender, a signal to its addressee."""

BROADCAST = "broadcast"
"""A message goes to every subscriber, its sender too, as y-webrtc's own server does it."""

LEAN = "lean"
"""The layer's own AWS client: a tenth of the SDK's CPU."""

BOTO3 = "boto3"
"""The AWS SDK that the Lambda runtime brings."""


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
    aws_client: str = LEAN

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read settings from `environ`, with the template's defaults for what is not set.

        Raises:
            ValueError: `DELIVERY` is neither `addressed` nor `broadcast`, a limit is no number, or
                something in `ALLOWED_ORIGINS` no origin.
        """
        delivery = environ.get("DELIVERY", ADDRESSED)
        if delivery not in (ADDRESSED, BROADCAST):
            raise ValueError(f"DELIVERY is {delivery!r}: choose {ADDRESSED!r} or {BROADCAST!r}")
        aws_client = environ.get("AWS_CLIENT", LEAN)
        if aws_client not in (LEAN, BOTO3):
            raise ValueError(f"AWS_CLIENT is {aws_client!r}: choose {LEAN!r} or {BOTO3!r}")
        defaults = Limits()
        return cls(
            table=environ.get("TABLE_NAME", ""),
            connections_endpoint=environ.get("CONNECTIONS_ENDPOINT", ""),
            delivery=delivery,
            aws_client=aws_client,
            limits=Limits(
                topics=int(environ.get("MAX_TOPICS", defaults.topics)),
                topic_bytes=int(environ.get("MAX_TOPIC_BYTES", defaults.topic_bytes)),
                message_bytes=int(environ.get("MAX_MESSAGE_BYTES", defaults.message_bytes)),
            ),
            allowed_origins=parse_origins(environ.get("ALLOWED_ORIGINS", ANY_ORIGIN)),
        )


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings.from_env(os.environ)
