"""Units of real hosts: started, stopped, restarted, and what is said when that goes wrong."""

import asyncio

import pytest

from nixtui.model.host import Host as ModelHost
from nixtui.operations.report import Outcome
from nixtui.remote.timers import timers
from nixtui.remote.units import recent_lines, unit_detail, units
from tests.activation.conftest import leftovers
from tests.lab.host import Host
from tests.upkeep.conftest import Keeper

pytestmark = pytest.mark.lab

FLAKY = """
cat >/run/systemd/system/flaky.service <<UNIT
[Unit]
Description=A service that dies of its configuration
[Service]
ExecStart=sh -c '[ -e /run/flaky-broken ] || exec sleep 1000; echo "flaky: unknown setting colour"; sleep 1; exit 3'
{more}
UNIT
systemctl daemon-reload
systemctl start flaky.service
"""


def flaky(host: Host, more: str = "") -> None:
    """A unit that comes up, and dies half a second after its next start."""
    host.sh(FLAKY.format(more=more))
    host.sh("touch /run/flaky-broken")


def named(host: Host) -> ModelHost:
    return ModelHost(name=host.name, address=host.name)


async def test_a_unit_is_restarted_and_seen_to_run(keeper: Keeper, host: Host) -> None:
    before = host.sh("systemctl show -p MainPID --value nginx.service")
    prepared = await keeper.units("restart", "nginx.service", host)
    report = await keeper.start(prepared).report()
    assert report.outcome is Outcome.COMMITTED, report
    assert (report.before, report.after, report.exit_code) == ("active (running)", "active (running)", 0)
    assert host.sh("systemctl show -p MainPID --value nginx.service") != before
    assert leftovers(host) == ""


async def test_a_unit_that_fails_after_the_restart_is_told_with_its_last_lines(keeper: Keeper, host: Host) -> None:
    flaky(host)
    report = await keeper.start(await keeper.units("restart", "flaky.service", host, settle=5)).report()
    assert report.outcome is Outcome.FAILED
    assert "failed after the restart: exit-code" in (report.detail or "")
    assert any("flaky: unknown setting colour" in line for line in report.log), report.log
    assert leftovers(host) == ""


async def test_a_unit_that_systemd_keeps_restarting_has_failed_as_well(keeper: Keeper, host: Host) -> None:
    flaky(host, "Restart=always\nRestartSec=30")
    report = await keeper.start(await keeper.units("restart", "flaky.service", host, settle=5)).report()
    assert report.outcome is Outcome.FAILED
    assert "keeps starting it again" in (report.detail or "")
    assert any("flaky: unknown setting colour" in line for line in report.log)
    found = await _units(keeper, host)
    assert found.items[0].name == "flaky.service" and found.items[0].is_failed


async def test_a_unit_that_takes_others_down_is_told(keeper: Keeper, host: Host) -> None:
    host.sh(
        "printf '[Unit]\\nRequires=nginx.service\\nAfter=nginx.service\\n[Service]\\n"
        "ExecStart=/bin/sleep 1000\\nExecStop=/bin/false\\nExecStopPost=/bin/false\\n'"
        " >/run/systemd/system/leaning.service; systemctl daemon-reload; systemctl start leaning.service"
    )
    prepared = await keeper.units("stop", "nginx.service", host)
    assert any("leaning.service" in warning for warning in prepared.plan.targets[0].warnings)
    report = await keeper.start(prepared).report()
    assert report.outcome is Outcome.FAILED
    assert "now others fail: leaning.service" in (report.detail or "")


async def test_stopping_and_starting(keeper: Keeper, host: Host) -> None:
    stopped = await keeper.start(await keeper.units("stop", "haproxy.service", host)).report()
    assert (stopped.outcome, host.units("haproxy.service")["haproxy.service"].active) == (Outcome.COMMITTED, "inactive")
    again = await keeper.units("stop", "haproxy.service", host)
    assert again.plan.targets[0].refused == "it is stopped already"
    assert again.plan.targets[0].refused_as is Outcome.UNCHANGED
    started = await keeper.start(await keeper.units("start", "haproxy.service", host)).report()
    assert (started.outcome, host.units("haproxy.service")["haproxy.service"].active) == (Outcome.COMMITTED, "active")


async def test_what_our_access_depends_on_is_not_stopped_and_restarted_with_a_warning(
    keeper: Keeper, host: Host
) -> None:
    stop = await keeper.units("stop", "sshd.service", host)
    assert "may lock everybody out" in (stop.plan.targets[0].refused or "")
    restart = await keeper.units("restart", "sshd.service", host)
    assert any("nobody logs in" in warning for warning in restart.plan.warnings)
    report = await keeper.start(restart).report()
    assert report.outcome is Outcome.COMMITTED, report
    assert host.is_reachable(2)


async def test_a_host_that_lets_nobody_in_afterwards_is_no_success(keeper: Keeper, host: Host) -> None:
    report = await keeper.start(await keeper.units("stop", "sshd.service", host, cut_access=True)).report()
    assert report.outcome is Outcome.FAILED
    assert "a new login fails" in (report.detail or "")
    assert "console" in (report.remedy or "")
    assert host.units("sshd.service")["sshd.service"].active == "inactive"


async def test_units_that_are_not_there_are_refused_by_the_plan(keeper: Keeper, host: Host) -> None:
    prepared = await keeper.units("restart", "nonsense.service", host)
    assert prepared.plan.targets[0].refused == "the host has no nonsense.service"
    assert prepared.plan.steps == ()


async def test_a_host_that_is_being_changed_is_left_alone(keeper: Keeper, host: Host) -> None:
    host.sh(
        "mkdir -p /run/nixtui/live0001 /run/nixtui/ended; read up _ </proc/uptime\n"
        "printf 'operation live0001\\noperator you@there\\nsince %s\\nuptime %s\\n' $(date +%s) ${up%%.*}"
        " >/run/nixtui/live0001/holder; ln /run/nixtui/live0001/holder /run/nixtui/lock"
    )
    before = host.sh("systemctl show -p MainPID --value nginx.service")
    report = await keeper.start(await keeper.units("restart", "nginx.service", host)).report()
    assert report.outcome is Outcome.REFUSED
    assert "you@there is changing this host with operation live0001" in (report.detail or "")
    assert host.sh("systemctl show -p MainPID --value nginx.service") == before


async def test_a_cut_link_changes_nothing_about_the_work(keeper: Keeper, host: Host) -> None:
    prepared = await keeper.units("restart", "nginx.service", host, settle=6)
    work = keeper.start(prepared)
    await work.until_step("watching it")
    host.sh("pkill -x sshd-session || pkill -f 'sshd: '")
    report = await work.report()
    assert report.outcome is Outcome.COMMITTED, report
    assert any("connecting again" in note for note in work.notes)
    assert leftovers(host) == ""


async def test_cancelling_says_where_it_was_stopped(keeper: Keeper, host: Host) -> None:
    work = keeper.start(await keeper.units("restart", "nginx.service", host, settle=60))
    await work.until_step("watching it")
    work.operation.cancel()
    report = await work.report()
    assert report.outcome is Outcome.UNKNOWN
    assert "cancelled" in (report.detail or "")
    assert leftovers(host) == ""


async def test_on_many_hosts_a_failure_stops_the_next_wave(keeper: Keeper, hosts: list[Host]) -> None:
    flaky(hosts[0])
    for each in hosts[1:]:
        each.sh(FLAKY.format(more=""))
    prepared = await keeper.units("restart", "flaky.service", *hosts)
    report = await keeper.start(prepared).task
    outcomes = [each.outcome for each in report.targets]
    assert outcomes[0] is Outcome.FAILED
    assert set(outcomes[1:]) == {Outcome.REFUSED}
    assert "not begun" in (report.targets[1].detail or "")


async def _units(keeper: Keeper, host: Host):
    async with keeper.reach(named(host)) as transport:
        return await units(transport)


async def test_units_are_listed_failed_ones_first(keeper: Keeper, host: Host) -> None:
    host.fail_unit("already-broken")
    found = await _units(keeper, host)
    assert found.items[0].name == "already-broken.service"
    assert found.items[0].result == "exit-code" and found.items[0].exit_status == 1
    since = found.items[0].since
    assert since is not None and abs(found.clock - since) < 60
    by_name = {each.name: each for each in found.items}
    assert by_name["nginx.service"].description == "Nginx Web Server"
    assert by_name["nginx.service"].active == "active"


async def test_the_jobs_column_is_no_part_of_the_description(keeper: Keeper, host: Host) -> None:
    host.sh(
        "printf '[Unit]\\nDescription=Takes its time\\n[Service]\\nType=oneshot\\nExecStart=/bin/sleep 600\\n'"
        " >/run/systemd/system/slow.service; systemctl daemon-reload; systemctl start --no-block slow.service"
    )
    await host.until(lambda: host.units("slow.service")["slow.service"].active == "activating")
    found = {each.name: each for each in (await _units(keeper, host)).items}
    assert found["slow.service"].description == "Takes its time"
    assert found["nginx.service"].description == "Nginx Web Server"


async def test_a_unit_in_detail_has_its_last_lines(keeper: Keeper, host: Host) -> None:
    host.fail_unit("already-broken")
    async with keeper.reach(named(host)) as transport:
        found = await unit_detail(transport, "already-broken.service")
        nginx = await unit_detail(transport, "nginx.service", 0)
        lines = await recent_lines(transport, 50)
    assert found.unit.result == "exit-code"
    assert any("Failed with result 'exit-code'" in line for line in found.journal)
    assert nginx.main_pid is not None and nginx.enabled == "enabled" and nginx.journal == ()
    assert lines


async def test_timers_tell_when_they_ran_and_how_that_ended(keeper: Keeper, host: Host) -> None:
    host.sh(
        "cd /run/systemd/system; for each in good bad; do\n"
        "printf '[Timer]\\nOnCalendar=daily\\nOnActiveSec=1h\\n' >borgbackup-job-$each.timer\n"
        "printf '[Service]\\nType=oneshot\\nExecStart=/bin/sh -c \"exit %s\"\\n' "
        "$([ $each = good ] && echo 0 || echo 2) >borgbackup-job-$each.service; done\n"
        "systemctl daemon-reload; systemctl start borgbackup-job-good.timer borgbackup-job-bad.timer\n"
        "systemctl start borgbackup-job-good.service; systemctl start borgbackup-job-bad.service || :"
    )
    async with keeper.reach(named(host)) as transport:
        found = await timers(transport)
    by_name = {each.title: each for each in found.items}
    bad, good, other = by_name["borgbackup-job-bad"], by_name["borgbackup-job-good"], by_name["backup"]
    assert found.items[0] is bad and bad.is_failed and bad.exit_status == 2
    assert good.result == "success" and good.is_backup and good.took_s is not None
    assert good.last is not None and abs(good.last - found.clock) < 120
    assert good.next is not None and 0 < good.next - found.clock <= 3600 + 60
    assert other.result is None and other.next is not None


async def test_both_at_once_is_one_of_them(keeper: Keeper, host: Host) -> None:
    prepared = [await keeper.units("restart", "nginx.service", host, settle=3) for _ in range(2)]
    works = [keeper.start(each) for each in prepared]
    outcomes = {(await asyncio.shield(work.report())).outcome for work in works}
    assert outcomes == {Outcome.COMMITTED, Outcome.REFUSED}
