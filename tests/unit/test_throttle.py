"""API Gateway's token bucket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gateway.throttle import TokenBucket
from tests.support.clock import Clock


def taken(bucket: TokenBucket, times: int) -> int:
    return sum(bucket.take() for _ in range(times))


@pytest.mark.parametrize(("rate", "burst"), [(500, 1000), (1, 1), (3, 7), (10_000, 5_000)])
def test_a_full_bucket_holds_its_burst_and_fills_at_its_rate(rate: float, burst: float) -> None:
    clock = Clock()
    bucket = TokenBucket(rate, burst, clock)
    assert taken(bucket, 20_000) == burst
    clock.now += 1
    assert taken(bucket, 20_000) == min(rate, burst)
    clock.now += 1_000_000
    assert taken(bucket, 20_000) == burst


@pytest.mark.parametrize(("rate", "burst"), [(0, 10), (10, 0)])
def test_a_bucket_without_rate_or_size_gives_nothing(rate: float, burst: float) -> None:
    assert not TokenBucket(rate, burst, Clock()).take()


@given(st.integers(1, 50), st.integers(1, 20), st.lists(st.floats(0, 2), max_size=200))
def test_it_gives_what_a_counted_bucket_gives(rate: int, burst: int, pauses: list[float]) -> None:
    clock = Clock()
    bucket = TokenBucket(rate, burst, clock)
    tokens = float(burst)
    for pause in pauses:
        clock.now += pause
        tokens = min(burst, tokens + pause * rate)
        if abs(tokens - 1) < 1e-6:
            continue  # either may round
        assert bucket.take() == (tokens >= 1)
        tokens -= tokens >= 1
