"""What the environment may set."""

import pytest

from signaling.protocol import Limits
from signaling.settings import Settings


def test_without_an_environment_the_defaults_hold() -> None:
    settings = Settings.from_env({})
    assert settings.delivery == "addressed"
    assert settings.limits == Limits()


def test_the_environment_sets_everything() -> None:
    settings = Settings.from_env(
        {
            "TABLE_NAME": "table",
            "CONNECTIONS_ENDPOINT": "https://example.com/dev",
            "DELIVERY": "broadcast",
            "MAX_TOPICS": "1",
            "MAX_TOPIC_BYTES": "2",
            "MAX_MESSAGE_BYTES": "3",
        }
    )
    assert settings == ("table", "https://example.com/dev", "broadcast", Limits(1, 2, 3))


@pytest.mark.parametrize("environ", [{"DELIVERY": "unicast"}, {"MAX_TOPICS": "many"}])
def test_a_wrong_setting_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        Settings.from_env(environ)
