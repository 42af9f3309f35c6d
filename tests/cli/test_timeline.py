"""`nixtui timeline` on the demo's hosts: the same hosts, scripts and SSH that the app asks."""

import json
from datetime import UTC, datetime

from tests.cli.conftest import Shell


def test_what_changed_is_told_as_a_table(shell: Shell) -> None:
    ended = shell.run("demo", "--", "timeline", "web-2", "web-4", "db-1")
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    failed, switched, planned, rebooted = (
        next(number for number, line in enumerate(lines) if text in line)
        for text in ("nginx.service failed", "generation 411 → 412", "Deploy ", "rebooted (kernel")
    )
    assert failed < switched < planned < rebooted


def test_the_same_as_json_and_what_is_lacking(shell: Shell) -> None:
    ended = shell.run("demo", "--", "timeline", "web-2", "cache-2", "--json")
    assert ended.code == 4
    told = json.loads(ended.out)
    switch = next(each for each in told["moments"] if each["kind"] == "switch")
    (host,) = switch["hosts"]
    assert (host["before"]["generation"], host["after"]["generation"], host["exit_code"]) == (411, 412, 0)
    assert (switch["operator"], switch["at"].endswith("Z")) == ("ops-2", True)
    assert [(each["name"], each["asked"]) for each in told["hosts"]] == [("web-2", True), ("cache-2", False)]
    assert "refuses connections" in told["hosts"][1]["problem"]


def test_only_what_was_before_a_moment(shell: Shell) -> None:
    ended = shell.run("demo", "--", "timeline", "web-2", "--before", "5h")
    assert (ended.code, "nginx" in ended.out) == (0, False)


def test_markdown_for_the_ticket(shell: Shell) -> None:
    ended = shell.run("demo", "--", "timeline", "web-2", "--markdown")
    assert ended.code == 0
    assert ended.out.startswith("**Incident timeline of demo**")
    assert "| web-2 | degraded | 412 |" in ended.out


def test_nobody_reached_is_exit_3_and_nonsense_exit_2(shell: Shell) -> None:
    assert shell.run("demo", "--", "timeline", "cache-2").code == 3
    ended = shell.run("demo", "--", "timeline", "--since", "teatime")
    assert (ended.code, "is no moment" in ended.err) == (2, True)


def test_a_reboot_is_told_when_the_host_booted(shell: Shell) -> None:
    [host] = shell.run("demo", "--", "status", "db-1", "--json").json
    booted_at = datetime.now(UTC).timestamp() - host["uptime_s"]
    told = shell.run("demo", "--", "timeline", "db-1", "--json").json
    [reboot] = [each for each in told["moments"] if each["kind"] == "reboot"]
    assert abs(datetime.fromisoformat(reboot["at"]).timestamp() - booted_at) < 60
