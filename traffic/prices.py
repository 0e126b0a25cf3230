"""AWS's prices in US dollars, the only ones in the code.

us-east-1, without free tier, as published in November 2026 on
https://aws.amazon.com/api-gateway/pricing/, https://aws.amazon.com/lambda/pricing/ and
https://aws.amazon.com/dynamodb/pricing/on-demand/.
"""

from typing import NamedTuple

AS_OF = "November 2026, us-east-1"


class Prices(NamedTuple):
    """Dollars for one of each."""

    websocket_message: float = 1.00e-6
    """Per message of at most 32 KB, in or out."""
    connection_minute: float = 0.25e-6
    invocation: float = 0.20e-6
    gigabyte_second: float = 0.0000133334
    """For Lambda on arm64."""
    write_unit: float = 0.625e-6
    read_unit: float = 0.125e-6
