"""Numbers as people read them, in widths that do not jump."""

import pytest

from nixtui.model.closure import ClosureDiff
from nixtui.tui import units
from nixtui.tui.paint import plain
from nixtui.tui.systems import closure_line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (99, "99s"),
        (100, "1m"),
        (5999, "99m"),
        (6000, "1h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (10**9, "31y"),
    ],
)
def test_an_age_has_one_unit_and_three_characters(seconds: float, text: str) -> None:
    assert units.age(seconds) == text
    assert len(units.age(seconds)) <= 4


def test_a_host_that_was_seen_just_now_does_not_count_seconds() -> None:
    assert {units.seen(seconds) for seconds in (0, 3, 9.9)} == {"now"}
    assert {units.seen(seconds) for seconds in (10, 14, 19.9)} == {"10s"}
    assert units.seen(240) == "4m"


def test_a_countdown_is_never_below_zero() -> None:
    assert units.countdown(81) == "01:21"
    assert units.countdown(-5) == "00:00"


@pytest.mark.parametrize(("count", "text"), [(512, "512 B"), (4_404_019, "4.2 MiB"), (31 * 2**30, "31.0 GiB")])
def test_sizes(count: float, text: str) -> None:
    assert units.size(count) == text


def test_a_change_in_size_has_its_sign() -> None:
    assert units.signed_size(-4_404_019) == "−4.2 MiB"
    assert units.signed_size(4_404_019) == "+4.2 MiB"
    assert units.signed_size(0) == "±0 B"


@pytest.mark.parametrize("fraction", [0, 0.04, 0.5, 0.99, 1, 7])
def test_a_bar_has_always_its_width(fraction: float) -> None:
    assert len("".join(units.bar(fraction, 12))) == 12


def test_durations() -> None:
    assert [units.took(s) for s in (0.64, 14.2, 134, 3700)] == ["0.6 s", "14 s", "2m14s", "1h01m"]


def test_a_closure_is_told_by_its_size_and_what_it_grew_by() -> None:
    """1.6 GiB → 1.7 GiB and +4.9 MiB beside each other cannot both be believed."""
    before = 1_771_600_000
    sizes = {"bytes_before": before, "bytes_after": before + 5_138_022}
    grown = ClosureDiff(before="a", after="b", packages=(), rebuilt=0, **sizes)
    assert plain(closure_line(grown)) == "closure 1.7 GiB  +4.9 MiB"
