"""What a collection would delete, and what it never does."""

import pytest

from nixtui.model.generation import Generation, Generations
from nixtui.model.store import BadAge, keeping, parse_age

DAY = 86400.0
NOW = 100 * DAY


def known(
    *, running: int = 10, booted: int = 10, profile: int = 10, boots: int = 10, lost: int | None = None
) -> Generations:
    """Generations 1 to 10, the newest made today, each one day older than the next."""
    items = tuple(
        Generation(
            number=number,
            created_at=None if number == lost else NOW - (10 - number) * DAY,
            path=f"/nix/store/{number:032d}-nixos-system-h-25.11.{number}",
            running=number == running,
            booted=number == booted,
            profile=number == profile,
            boot_default=number == boots,
        )
        for number in range(10, 0, -1)
    )
    return Generations(
        items=items, current_system=None, booted_system=None, profile_system=None, boot_default=None, clock=NOW
    )


def test_old_ones_go_and_the_way_back_stays() -> None:
    found = keeping(known(), older_than=0)
    assert found.going == (1, 2, 3, 4, 5, 6, 7, 8)
    assert dict(found.kept)[9] == "the way back"
    assert dict(found.kept)[10] == "runs, booted, boots next, profile"


def test_what_runs_booted_and_boots_next_stays_however_old() -> None:
    found = keeping(known(running=5, booted=3, boots=7, profile=10), older_than=0)
    assert set(found.going) == {1, 2, 6, 8}
    kept = dict(found.kept)
    assert (kept[5], kept[3], kept[7]) == ("runs", "booted", "boots next")
    assert kept[4] == kept[9] == "the way back"


def test_younger_ones_stay() -> None:
    found = keeping(known(), older_than=4 * DAY)
    assert found.going == (1, 2, 3, 4, 5)
    assert dict(found.kept)[6] == "younger"


def test_the_newest_stay_where_that_is_asked_for() -> None:
    assert keeping(known(), older_than=0, keep=4).going == (1, 2, 3, 4, 5, 6)
    assert keeping(known(), older_than=None, keep=4).going == (1, 2, 3, 4, 5, 6)


def test_without_an_age_none_goes_and_one_of_unknown_age_stays() -> None:
    assert keeping(known(), older_than=None).going == ()
    found = keeping(known(lost=2), older_than=0)
    assert 2 not in found.going and dict(found.kept)[2] == "its age is unknown"


@pytest.mark.parametrize(("text", "seconds"), [("14d", 14 * DAY), ("36h", 36 * 3600.0), ("4w", 28 * DAY)])
def test_ages(text: str, seconds: float) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "14", "d", "14 d", "-1d", "1y", "999999d", "14d; rm"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(BadAge):
        parse_age(text)
