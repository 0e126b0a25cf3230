"""What the parts of a rehearsal found, taken together."""

from rehearsals.report import Part, findings
from rig.report import Check

PART = Part("in memory", "10", "9", "8", "1 s")


def test_what_went_wrong_is_added_up_and_of_times_the_longest_counts() -> None:
    other = Part(*PART[:5], [Check("lost", 2), Check("hops", 3, 5)], [Check("seconds", 3, 2)])
    first = Part(*PART[:5], [Check("lost", 1), Check("hops", 4, 5)], [Check("seconds", 1, 2)])
    both = findings([first, other])
    assert both.checks == [Check("lost", 3, 0), Check("hops", 4, 5)]
    assert both.bounds == [Check("seconds", 3, 2)]
