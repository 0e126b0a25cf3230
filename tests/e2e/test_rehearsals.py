"""The rehearsals in their short form: what they promise holds, whatever time it takes here."""

import pytest

from rehearsals.__main__ import NAMES, rehearsal


@pytest.mark.parametrize("name", NAMES)
def test_what_a_rehearsal_promises_holds(name: str) -> None:
    report = rehearsal(name)(True)
    assert report.checks
    assert [check.text for check in report.checks if not check.holds] == []
