from itertools import permutations

import pytest

from nixtui.operations.report import Outcome, overall

WELL = [Outcome.COMMITTED, Outcome.TESTED, Outcome.UNCHANGED]


@pytest.mark.parametrize("outcome", Outcome)
def test_where_all_agree_the_whole_is_called_the_same(outcome: Outcome) -> None:
    assert overall([outcome]) is outcome
    assert overall([outcome] * 12) is outcome


def test_nothing_to_do_is_unchanged() -> None:
    assert overall([]) is Outcome.UNCHANGED


def test_all_well_is_committed() -> None:
    assert overall([Outcome.COMMITTED, Outcome.UNCHANGED]) is Outcome.COMMITTED
    assert overall(WELL) is Outcome.TESTED, "the next boot brings back what one of them ran before"


@pytest.mark.parametrize("bad", [each for each in Outcome if not each.is_success])
@pytest.mark.parametrize("well", WELL)
def test_one_that_is_well_among_others_makes_it_partial(well: Outcome, bad: Outcome) -> None:
    assert overall([bad, well]) is Outcome.PARTIAL


@pytest.mark.parametrize("other", [each for each in Outcome if each is not Outcome.PARTIAL])
def test_what_is_partial_stays_partial(other: Outcome) -> None:
    assert overall([Outcome.PARTIAL, other]) is Outcome.PARTIAL


@pytest.mark.parametrize(
    ("found", "whole"),
    [
        ([Outcome.UNKNOWN, Outcome.FAILED, Outcome.REVERTED], Outcome.UNKNOWN),
        ([Outcome.FAILED, Outcome.REVERTED, Outcome.UNREACHABLE], Outcome.FAILED),
        ([Outcome.REVERTED, Outcome.REFUSED], Outcome.REVERTED),
        ([Outcome.UNREACHABLE, Outcome.REFUSED], Outcome.UNREACHABLE),
    ],
)
def test_among_failures_the_one_that_most_needs_looking_at_wins_in_whatever_order(
    found: list[Outcome], whole: Outcome
) -> None:
    for order in permutations(found):
        assert overall(order) is whole


def test_only_what_is_as_the_plan_wanted_it_is_a_success() -> None:
    assert [each for each in Outcome if each.is_success] == WELL
