"""Which generations may go."""

import pytest

from nixtui.model.generation import Generation, Generations
from nixtui.model.retention import BadRetention, Retention, doomed, numbers_shown, parse_retention, protected

DAY = 86400.0
NOW = 1_000 * DAY


def host(
    running: int = 10, *, booted: int = 7, profile: int = 10, boots: int | None = 10, pins: tuple[int, ...] = ()
) -> Generations:
    """Generations 10 to 1, one a day, each with a system of its own."""

    def path(number: int) -> str:
        return f"/nix/store/{number:032d}-nixos-system-x-25.11"

    items = tuple(
        Generation(
            number=number,
            created_at=NOW - (10 - number) * DAY,
            path=path(number),
            running=number == running,
            booted=number == booted,
            profile=number == profile,
            boot_default=None if boots is None else number == boots,
            pinned=number in pins,
        )
        for number in range(10, 0, -1)
    )
    return Generations(
        items=items,
        current_system=path(running),
        booted_system=path(booted),
        profile_system=path(profile),
        boot_default=None if boots is None else path(boots),
        clock=NOW,
        pins=tuple(map(path, pins)),
    )


def numbers(known: Generations, rule: Retention) -> list[int]:
    return [each.number for each in doomed(known, rule)]


def test_what_matters_never_goes() -> None:
    known = host(running=8, booted=6, profile=10, boots=3, pins=(1,))
    assert protected(known) == {
        8: "runs",
        6: "booted",
        10: "profile",
        3: "boots next",
        1: "pinned",
        7: "previous",
        9: "previous",
    }
    assert numbers(known, Retention(keep=0)) == [5, 4, 2]


def test_a_count_an_age_and_both() -> None:
    known = host(booted=10)
    assert numbers(known, parse_retention("4")) == [6, 5, 4, 3, 2, 1]
    assert numbers(known, parse_retention("7d")) == [2, 1]
    assert numbers(known, parse_retention("9 5d")) == [1]
    assert numbers(known, parse_retention("100")) == []


def test_another_generation_with_the_running_system_stays_as_well() -> None:
    known = host()
    same = tuple(
        each if each.number != 2 else Generation(number=2, created_at=each.created_at, path=known.items[0].path)
        for each in known.items
    )
    there = Generations(
        items=same, current_system=known.current_system, booted_system=None, profile_system=known.profile_system,
        boot_default=None, clock=NOW,
    )  # fmt: skip
    assert 2 not in numbers(there, Retention(keep=0))


def test_an_unknown_age_is_not_old() -> None:
    known = host()
    undated = tuple(Generation(number=each.number, created_at=None, path=each.path) for each in known.items)
    there = Generations(
        items=undated, current_system=None, booted_system=None, profile_system=None, boot_default=None, clock=NOW
    )
    assert numbers(there, parse_retention("1d")) == []


@pytest.mark.parametrize("text", ["", "five", "5 6", "30d 4w", "-1", "5x", "5;rm"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(BadRetention):
        parse_retention(text)


def test_numbers_are_written_as_runs() -> None:
    assert numbers_shown([409, 406, 407, 408, 401, 402, 12]) == "12, 401, 402, 406–409"
