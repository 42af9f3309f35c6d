from datetime import UTC, datetime, timedelta, timezone

import pytest

from nixtui.model.generation import Generation, Generations
from nixtui.model.target import (
    Ago,
    AtTime,
    BadTarget,
    Current,
    NoSuchGeneration,
    Number,
    Path,
    Previous,
    Resolved,
    Revision,
    Target,
    parse_moment,
    parse_target,
    resolve,
)

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=timezone(timedelta(hours=1)))
HASH = "0c0yp0v10asdb8h4hbk9zqkdbrmk5hwx"


def system(number: int) -> str:
    return f"/nix/store/{HASH}-nixos-system-web-{number}"


def at(hour: int, minute: int = 0, *, day: int = 20) -> float:
    return datetime(2026, 11, day, hour, minute, tzinfo=NOW.tzinfo).timestamp()


# --- what people write ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("previous", Previous()),
        ("current", Current()),
        ("154", Number(154)),
        ("0", Number(0)),
        ("rev:98fe21c", Revision("98fe21c")),
        ("rev:v1.2-dirty", Revision("v1.2-dirty")),
        (f"path:{system(1)}", Path(system(1))),
        ("@2h", Ago(7200)),
        ("@90s", Ago(90)),
        ("@1w", Ago(604800)),
        ("@14:00", AtTime(at(14))),
        ("@14:00:30", AtTime(at(14) + 30)),
        ("@15:30", AtTime(at(15, 30))),
        ("@2026-11-20T14:00", AtTime(at(14))),
        ("@2026-11-20T14:00:00Z", AtTime(at(15))),
        ("@2026-11-19", AtTime(at(0, day=19))),
    ],
)
def test_targets(text: str, target: Target) -> None:
    assert parse_target(text, now=NOW) == target


def test_a_time_of_day_that_is_still_to_come_was_yesterday() -> None:
    assert parse_target("@23:50", now=NOW) == AtTime(at(23, 50, day=19))
    assert parse_target("@15:31", now=NOW) == AtTime(at(15, 31, day=19))


@pytest.mark.parametrize("text", ["@2026-11-21", "@2026-11-20T15:31", "@9999-12-31T23:59:59"])
def test_a_moment_that_is_still_to_come_is_refused(text: str) -> None:
    """It would mean what runs now, which nobody asks to go back to."""
    with pytest.raises(BadTarget, match="is still to come"):
        parse_target(text, now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "previous ", " previous", "Previous", "previous:", "-1", "+1", "1.0", "1e3", "154 ", "1_000", "0x1",
        "٣", "²", "9" * 10, "9" * 5000, "web-1:154",
        "rev:", "rev:abc", "rev:a b c d", "rev:*****", "rev:abcd\n",
        "path:", "path:/etc", f"path:{system(1)}/bin/sh", f"path:{system(1)}\n", f"{system(1)}",
        "@", "@@", "@ 2h", "@2h ", "@-2h", "@2", "@2y", "@٣h", "@٢٣:00", "@25:00", "@14:60", "@14:00:61", "@1:2",
        "@14.00", "@now", "@" + "9" * 5000 + "h", "@2026-13-01",
    ],
)  # fmt: skip
def test_what_is_no_target_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(BadTarget, match=r"write|is no time of day"):
        parse_target(text, now=NOW)


# --- what it means on a host ------------------------------------------------------------------------------------------


def generations(
    *numbers: int,
    running: int | None,
    profile: int | None = None,
    paths: dict[int, str] | None = None,
    **more: float | None,
) -> Generations:
    """Generations made on the hour of their number, on the 20th; the newest is the profile unless said otherwise."""
    profile = profile or max(numbers, default=None)
    where = {number: (paths or {}).get(number, system(number)) for number in numbers}
    current = where.get(running or -1, system(999) if running else None)
    items = tuple(
        Generation(
            number=number,
            created_at=at(number),
            path=where[number],
            configuration_revision=f"abcd{number:02}",
            running=where[number] == current,
            profile=number == profile,
        )
        for number in sorted(numbers, reverse=True)
    )
    return Generations(
        items=items,
        current_system=current,
        booted_system=None,
        profile_system=where.get(profile or -1),
        boot_default=None,
        clock=more.get("clock") or at(15, 30),
        switched_at=more.get("switched_at"),
    )


def number(target: Target, host: Generations) -> int:
    resolved = resolve(target, host)
    assert resolved.generation is not None
    assert resolved.path == resolved.generation.path
    return resolved.generation.number


def refusal(target: Target, host: Generations) -> str:
    with pytest.raises(NoSuchGeneration) as caught:
        resolve(target, host)
    return str(caught.value)


def test_previous_is_the_one_before_what_runs() -> None:
    assert number(Previous(), generations(10, 11, 12, running=12)) == 11
    assert number(Previous(), generations(10, 12, running=12)) == 10


def test_previous_after_a_rollback_goes_further_back() -> None:
    assert number(Previous(), generations(10, 11, 12, running=11, profile=11)) == 10


def test_previous_skips_generations_that_are_the_same_system() -> None:
    same = {11: system(12), 12: system(12)}
    assert number(Previous(), generations(10, 11, 12, running=12, paths=same)) == 10


def test_previous_counts_from_the_profile_where_two_generations_are_the_same_system() -> None:
    """12 is 10 built again, and somebody went back to 10: what was before is 9, not the 11 that was left."""
    same = {10: system(10), 12: system(10)}
    assert number(Previous(), generations(9, 10, 11, 12, running=12, profile=10, paths=same)) == 9


def test_previous_of_a_system_that_was_only_tested_is_the_profile() -> None:
    assert number(Previous(), generations(10, 11, running=99)) == 11


def test_previous_of_the_first_generation_is_nothing() -> None:
    assert (
        refusal(Previous(), generations(10, running=10))
        == "generation 10 runs and no older one is left; the host has 10"
    )
    assert refusal(Previous(), generations(running=None)).startswith("what runs is no generation")


def test_a_number_that_the_host_lacks_is_told_with_those_it_has() -> None:
    host = generations(*range(1, 13), running=12)
    assert number(Number(5), host) == 5
    assert refusal(Number(154), host) == "there is no generation 154; the host has 12, 11, 10, 9, 8, 7, …"


def test_current_is_what_runs_a_generation_or_not() -> None:
    assert number(Current(), generations(10, 11, running=10, profile=11)) == 10
    assert resolve(Current(), generations(10, running=99)) == Resolved(system(999), None)
    assert refusal(Current(), generations(10, running=None)) == "the host does not say what it runs"


def test_a_moment_means_the_newest_generation_made_by_then() -> None:
    host = generations(10, 11, 12, running=12)
    assert number(AtTime(at(11, 30)), host) == 11
    assert number(AtTime(at(11)), host) == 11
    assert number(AtTime(at(10, 59)), host) == 10


def test_since_its_last_change_the_profile_says_what_was_current() -> None:
    host = generations(10, 11, 12, running=10, profile=10, switched_at=at(13))
    assert number(AtTime(at(14)), host) == 10
    assert number(AtTime(at(12, 30)), host) == 12


def test_ago_counts_by_the_clock_of_the_host() -> None:
    assert number(Ago(3600), generations(10, 11, 12, running=12, clock=at(12, 30))) == 11
    assert number(Ago(3600), generations(10, 11, 12, running=12, clock=at(11, 30))) == 10


def test_before_the_first_generation_there_was_nothing_to_go_to() -> None:
    assert refusal(AtTime(at(9)), generations(10, running=10)) == (
        "no generation is as old as 2026-11-20 08:00:00 UTC; the host has 10"
    )


@pytest.mark.parametrize("clock", [1e300, -1e300, float("nan"), float("inf"), float("-inf"), -1e12])
def test_a_host_whose_clock_says_nonsense_is_refused_or_resolved_but_never_crashes(clock: float) -> None:
    host = generations(10, running=10, clock=clock)
    try:
        assert number(Ago(3600), host) == 10
    except NoSuchGeneration as error:
        assert str(error) == "no generation is as old as that; the host has 10"


def test_generations_of_unknown_age_are_never_guessed() -> None:
    host = generations(10, running=10)
    unknown = Generations(
        items=(Generation(number=11, created_at=None, path=system(11)), *host.items),
        current_system=None,
        booted_system=None,
        profile_system=None,
        boot_default=None,
        clock=at(15),
    )
    assert number(AtTime(at(14)), unknown) == 10


def test_a_revision_means_the_newest_generation_built_from_it() -> None:
    host = generations(10, 11, 12, running=12)
    assert number(Revision("abcd"), host) == 12
    assert number(Revision("abcd10"), host) == 10
    assert refusal(Revision("ffff"), host).startswith('no generation was built from revision "ffff"; the host has 12')


def test_a_path_is_taken_as_it_is_and_recognised_where_a_generation_has_it() -> None:
    host = generations(10, 11, running=11)
    assert number(Path(system(10)), host) == 10
    assert resolve(Path(system(77)), host) == Resolved(system(77), None)


def test_a_generation_whose_system_is_gone_is_no_target() -> None:
    gone = Generation(number=9, created_at=at(9), path=system(9), path_exists=False)
    host = generations(10, running=10)
    host = Generations(
        **{**{name: getattr(host, name) for name in host.__struct_fields__}, "items": (*host.items, gone)}
    )
    assert refusal(Number(9), host) == f"generation 9 is gone from the store ({system(9)})"
    assert refusal(Path(system(9)), host) == f"generation 9 is gone from the store ({system(9)})"


def test_a_resolved_target_is_called_by_its_number_or_its_path() -> None:
    assert resolve(Previous(), generations(10, 11, running=11)).label == "10"
    assert resolve(Path(system(77)), generations(10, running=10)).label == system(77)


def test_utc_is_meant_where_the_operator_has_no_zone() -> None:
    assert parse_target("@2026-11-20", now=datetime(2026, 11, 20, 12, tzinfo=UTC)) == AtTime(
        datetime(2026, 11, 20, tzinfo=UTC).timestamp()
    )


@pytest.mark.parametrize(("text", "seconds_ago"), [("2h", 7200), ("@30s", 30), ("13:59:00", 60), ("13:59:00Z", 60)])
def test_moments_are_in_utc(text: str, seconds_ago: float) -> None:
    now = datetime(2026, 11, 20, 14, 0, tzinfo=UTC).timestamp()
    assert parse_moment(text, now) == now - seconds_ago


def test_what_is_no_moment_is_told() -> None:
    with pytest.raises(BadTarget, match="is no moment"):
        parse_moment("teatime", 1_790_000_000)
