"""What is made of what a host says its journal is: all of it may be anything."""

import json
import shutil
import subprocess

import pytest

from nixtui.remote.journal import TOO_LONG, options_for, parse_entry, text_of
from nixtui.remote.output import CUT_MARK, MAX_LINE_BYTES

WELL = {
    "__CURSOR": "s=1;i=2",
    "__REALTIME_TIMESTAMP": "1795230761000042",
    "_SYSTEMD_UNIT": "nginx.service",
    "SYSLOG_IDENTIFIER": "nginx",
    "_PID": "812",
    "PRIORITY": "3",
    "MESSAGE": "bind() failed",
}


def entry(**fields: object):
    return parse_entry(json.dumps({**WELL, **fields}))


def test_an_entry() -> None:
    found = entry()
    assert found is not None
    assert (found.cursor, found.at, found.priority) == ("s=1;i=2", 1795230761000042, 3)
    assert (found.unit, found.identifier, found.pid, found.message) == (
        "nginx.service",
        "nginx",
        "812",
        "bind() failed",
    )


def test_what_the_manager_says_is_about_the_unit_it_names() -> None:
    assert entry(_SYSTEMD_UNIT="init.scope", UNIT="db.service").unit == "db.service"
    assert entry(_SYSTEMD_UNIT="user@0.service", _SYSTEMD_USER_UNIT="sync.service").unit == "sync.service"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (list(b"caf\xe9"), "caf�"),
        (list("né".encode()), "né"),
        (None, TOO_LONG),
        ("", ""),
        (["one", "two"], "one\ntwo"),
        ([[111, 110, 101], "two"], "one\ntwo"),
        ([300, -1], "300\n-1"),
        (12, "12"),
        ("\x1b[2J\x1b]0;owned\x07red\x00", "red"),
        ("\u202eesrever", "esrever"),
        ("one\ntwo", "one\ntwo"),
    ],
)
def test_a_message_is_text_whatever_it_is(message: object, text: str) -> None:
    assert entry(MESSAGE=message).message == text


@pytest.mark.parametrize("priority", ["8", "-1", "", "err", None, 3, ["3"], "33333333333333333333"])
def test_a_priority_that_is_none_is_unknown(priority: object) -> None:
    assert entry(PRIORITY=priority).priority is None


@pytest.mark.parametrize("at", ["", "soon", "-5", "9" * 18, "9" * 400, "1.5", None, [], "١٢٣"])
def test_a_time_that_is_none_is_unknown(at: object) -> None:
    assert entry(__REALTIME_TIMESTAMP=at).at is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "-- No entries --",
        "#nixtui-journal clock 1",
        "Last login: today",
        "[1]",
        "{}",
        '{"a":1}',
        "{" * 8000,
        "null",
    ],
)
def test_other_lines_are_no_entries(line: str) -> None:
    assert parse_entry(line) is None


def test_of_a_line_that_was_cut_is_kept_what_is_there() -> None:
    whole = json.dumps({**WELL, "MESSAGE": "x" * 20_000})
    found = parse_entry(whole[:MAX_LINE_BYTES] + CUT_MARK)
    assert found is not None
    assert (found.cursor, found.priority, found.unit) == ("s=1;i=2", 3, "nginx.service")
    assert found.message.startswith("xxx")
    assert found.message.endswith(CUT_MARK)


def test_of_bytes_that_were_cut_as_well() -> None:
    whole = json.dumps({**WELL, "MESSAGE": list(b"\xffbinary" * 2000)}, separators=(",", ":"))
    found = parse_entry(whole[:MAX_LINE_BYTES] + CUT_MARK)
    assert found is not None
    assert found.message.startswith("\ufffdbinary")


def test_deep_nesting_ends_nothing() -> None:
    assert parse_entry('{"__CURSOR":"c","MESSAGE":' + "[" * 5000) is not None
    deep: object = "x"
    for _ in range(40):
        deep = [deep]
    assert text_of(deep) == "x"


def test_names_are_bounded_and_harmless() -> None:
    found = entry(SYSLOG_IDENTIFIER="\x1b[31m" + "n" * 5000, _PID=["1", "2"])
    assert (len(found.identifier), found.pid) == (256, "1\n2")


def test_options() -> None:
    assert options_for() == ()
    assert options_for(units=("a.service", "b"), priority=4, since=12.9, until=30.0) == (
        "--unit=a.service",
        "--unit=b",
        "--priority=4",
        "--since=@12",
        "--until=@30",
    )


@pytest.mark.parametrize(
    ("text", "case"), [("slow", "false"), ("Slow", "true"), ("a.b*[c]", "false"), ("été", "false"), ("-x", "false")]
)
def test_a_text_is_sought_literally(text: str, case: str) -> None:
    pattern, sensitive = options_for(grep=text)
    assert sensitive == f"--case-sensitive={case}"
    if shutil.which("perl") is None:
        pytest.skip("perl, whose patterns journalctl has, is not installed")
    perl = ["perl", "-CSDA", "-e", "exit(shift =~ shift ? 0 : 1)"]
    assert subprocess.run([*perl, f"x{text}y", pattern.removeprefix("--grep=")]).returncode == 0
    assert subprocess.run([*perl, "xyz", pattern.removeprefix("--grep=")]).returncode == 1
