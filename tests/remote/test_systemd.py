"""What systemctl prints, read: also what makes no sense."""

import pytest

from nixtui.remote.errors import BadAnswer
from nixtui.remote.store import parse_garbage, parse_store
from nixtui.remote.systemd import Parts, blocks, moment, span, whole
from nixtui.remote.timers import parse_timers
from nixtui.remote.transport import Completed
from nixtui.remote.units import parse_unit, parse_units


def said(text: str, status: int = 0, stderr: str = "") -> Completed:
    return Completed(status, text, stderr)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1d 2h 3min 4.5s", 93784.5),
        ("1w", 604800.0),
        ("1month 1d", 2629800.0 + 86400),
        ("250ms", 0.25),
        ("infinity", None),
        ("", None),
        ("soon", None),
        ("1d tomorrow", None),
    ],
)
def test_spans(text: str, seconds: float | None) -> None:
    found = span(text)
    assert found is None if seconds is None else found == pytest.approx(seconds)


def test_moments() -> None:
    assert moment("Thu 1970-01-01 00:01:40 UTC") == 100.0
    assert moment("n/a") is None
    assert moment("Thu 1970-01-01 00:01:40 CET") is None


def test_numbers() -> None:
    assert whole("12") == 12
    assert whole("[not set]") is whole(None) is whole("18446744073709551615") is whole("-1") is None


def test_blocks_in_any_order_of_keys() -> None:
    assert list(blocks(["Id=a", "Unit=b=c", "", "", "Id=d"])) == [{"Id": "a", "Unit": "b=c"}, {"Id": "d"}]


@pytest.mark.parametrize("text", ["", "garbage\n" * 500, "#nixtui-units begin\nclock 1\n"])
def test_half_an_answer_is_none(text: str) -> None:
    with pytest.raises(BadAnswer, match="could not tell its units: no bus"):
        Parts("h", "units", said(text, 1, "no bus\n"), "its units")


UNITS = """banner
#nixtui-units begin
clock 1000
uptime 100.00
#nixtui-units list
nginx.service    loaded    active     running       Nginx Web Server
zz.service       loaded    failed     failed        Last of all
slow.service     loaded    activating start   start Takes its time
gone.service     not-found inactive   dead          gone.service
basic.target     loaded    active     active        Basic System
nonsense
#nixtui-units trouble
Result=exit-code
Id=zz.service
ExecMainStatus=3
StateChangeTimestampMonotonic=40000000
#nixtui-units end
"""


def test_units_in_the_order_of_who_needs_somebody() -> None:
    found = parse_units("h", said(UNITS))
    assert [each.name for each in found.items] == ["zz.service", "slow.service", "nginx.service", "basic.target"]
    failed, slow, nginx, _ = found.items
    assert (failed.result, failed.exit_status, failed.since) == ("exit-code", 3, 940.0)
    assert (slow.description, nginx.description) == ("Takes its time", "Nginx Web Server")
    assert found.failed == (failed,)


def test_a_unit_that_is_not_there() -> None:
    text = (
        "#nixtui-unit begin\nclock 5\n#nixtui-unit show\nLoadState=not-found\n#nixtui-unit journal\n#nixtui-unit end\n"
    )
    assert not parse_unit("h", "x.service", said(text)).exists


def test_a_job_that_has_not_run_since_the_boot_has_no_result() -> None:
    text = (
        "#nixtui-timers begin\nclock 1000\nuptime 100\n#nixtui-timers timers\n"
        "Id=a.timer\nUnit=a.service\nLastTriggerUSec=Thu 1970-01-01 00:01:40 UTC\nNextElapseUSecMonotonic=1h\n"
        "ActiveState=active\n#nixtui-timers units\nId=a.service\nResult=success\nExecMainExitTimestamp=\n"
        "#nixtui-timers end\n"
    )
    (only,) = parse_timers("h", said(text)).items
    assert (only.result, only.last, only.next) == (None, 100.0, 4500.0)


def test_a_store_that_says_little_is_unknown_and_never_zero() -> None:
    found = parse_store("h", said("#nixtui-store begin\nclock 1\npaths \n#nixtui-store end\n"))
    assert found.used is found.available is found.paths is found.used_fraction is None
    row = "df /dev/mapper/a b 1000 400 600 40% /nix\n"
    found = parse_store("h", said(f"#nixtui-store begin\nclock 1\n{row}paths 12\n#nixtui-store end\n"))
    assert (found.used, found.available, found.paths) == (400 * 1024, 600 * 1024, 12)


@pytest.mark.parametrize("line", ["dead x 1", "dead 1", "dead -1 5", "dead 1 2 3"])
def test_a_sum_that_makes_no_sense_is_no_sum(line: str) -> None:
    with pytest.raises(BadAnswer):
        parse_garbage("h", said(f"#nixtui-garbage begin\n{line}\n#nixtui-garbage end\n"))
