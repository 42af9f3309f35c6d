"""How a roll is typed."""

import pytest

from nixtui.tui.roll_words import BadRoll, RollOptions, complete, roll_options, written


def test_nothing_typed_is_what_the_command_does_by_itself() -> None:
    assert roll_options("  ") == RollOptions()
    assert list(written(RollOptions())) == []


def test_all_of_it_is_typed_and_written_as_the_command_takes_it() -> None:
    text = "min-healthy=75 checkpoint=50,25 checkpoint-delay=10m bake=1h alarm=errors,latency --no-auto-rollback"
    options = roll_options(text)
    assert options == RollOptions(75, (25, 50), 600, 3600, ("errors", "latency"), auto_rollback=False)
    assert " ".join(written(options)) == (
        "--min-healthy 75 --checkpoint 25 --checkpoint 50 --checkpoint-delay 600 --bake 3600 "
        "--alarm errors --alarm latency --no-auto-rollback"
    )
    assert roll_options("bake=90").bake_s == 90


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("checkpoint=101", "percent"),
        ("checkpoint=a", "percent"),
        ("min-healthy=-1", "percent"),
        ("min-healthy=٣", "percent"),
        ("bake=soon", "takes a time"),
        ("bake=3d", "two days at most"),
        ("alarm=", "is none of"),
        ("no-auto-rollback=yes", "is none of"),
        ("fast", "is none of"),
    ],
)
def test_what_says_nothing_is_told(text: str, says: str) -> None:
    with pytest.raises(BadRoll, match=says):
        roll_options(text)


def test_options_are_completed_after_what_is_there() -> None:
    assert complete("check") == ["checkpoint=", "checkpoint-delay="]
    assert complete("bake=10m no") == ["bake=10m no-auto-rollback"]
    assert "alarm=" in complete("")
