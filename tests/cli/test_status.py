"""What `status` says in words of hosts that are not simply up."""

import re
import signal
from datetime import datetime

from tests.cli.conftest import Shell


def test_a_disk_without_room_is_told_whichever_it_is(shell: Shell) -> None:
    ended = shell.run("demo", "--", "status", "log-1", "cache-1", "web-1")
    assert ended.code == 0, ended.err
    rows = {row.split()[0]: row for row in ended.out.splitlines()}
    log, cache, well = rows["log-1"], rows["cache-1"], rows["web-1"]
    assert log.split()[:2] == ["log-1", "degraded"] and " 97%  " in log and log.count("/ is 97% full") == 1
    assert cache.split()[:2] == ["cache-1", "degraded"] and " 97% /boot  " in cache and "/boot is 97% full" in cache
    assert well.split()[:2] == ["web-1", "up"] and "full" not in well


def test_scripts_get_the_disk_of_the_root_file_system(shell: Shell) -> None:
    [cache] = shell.run("demo", "--", "status", "cache-1", "--json").json
    assert (cache["state"], cache["state_reason"]) == ("degraded", "/boot is 97% full")
    assert 0.2 < cache["disk_used"] < 0.3


def test_a_disk_without_room_is_a_problem(shell: Shell) -> None:
    found = {each["name"] for each in shell.run("demo", "--", "status", "is:problem", "--json").json}
    assert {"log-1", "cache-1"} <= found


def test_a_host_that_is_well_is_so_since_it_booted_for_scripts_as_well(shell: Shell) -> None:
    [found] = shell.run("demo", "--", "status", "web-1", "--json").json
    assert found["state"] == "up"
    began, seen = (datetime.fromisoformat(found[each]).timestamp() for each in ("state_since", "observed_at"))
    assert abs(seen - began - found["uptime_s"]) < 10


def test_what_changes_has_its_time_under_one_heading(shell: Shell) -> None:
    with shell.start("demo", "--", "status", "--watch", "web-1", "web-2", "db-1", "cache-2") as watching:
        rows: list[str] = []
        try:
            while {row.split()[1] for row in rows} < {"HOST", "web-1", "web-2", "db-1", "cache-2"}:
                rows.append(watching.stdout.readline())
                assert rows[-1], watching.stderr.read()
        finally:
            watching.send_signal(signal.SIGINT)
    heading, *changes = rows
    assert heading.split()[:3] == ["TIME", "HOST", "STATE"]
    assert all(re.fullmatch(r"\d\d:\d\d:\d\dZ", row.split()[0]) for row in changes)
    assert len({row.index(row.split()[2]) for row in rows}) == 1  # the states stand below each other
