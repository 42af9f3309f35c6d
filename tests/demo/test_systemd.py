"""systemctl and systemd-run on a demo host, as the guard uses them."""

from collections.abc import Awaitable
from functools import partial
from pathlib import Path

from nixtui.remote.errors import Unreachable
from tests.demo.conftest import Start
from tests.demo.operator import Operator
from tests.demo.waiting import until, until_true

HOST = "web-2"


def sh(operator: Operator, command: str) -> Awaitable[str]:
    """What a command prints, standard error after standard output, and its exit status if it is not 0."""

    async def run() -> str:
        done = await operator.run(HOST, command)
        status = f"[{done.exit_status}]" if done.exit_status else ""
        return (done.stdout + done.stderr + status).strip()

    return run()


async def test_the_state_of_the_whole_is_what_the_probe_reads(start: Start) -> None:
    async with start(HOST) as operator:
        asked = "systemctl show -p SystemState -p NFailedUnits"
        assert await sh(operator, asked) == "SystemState=degraded\nNFailedUnits=1"
        assert await sh(operator, "systemctl show -p NFailedUnits --value") == "1"
        assert await sh(operator, "systemctl is-system-running") == "degraded\n[1]"


async def test_units_are_listed_by_state_and_pattern(start: Start) -> None:
    async with start(HOST) as operator:
        failed = await sh(operator, "systemctl list-units --state=failed,auto-restart --plain --no-legend --no-pager")
        assert failed == "nginx.service loaded failed failed Nginx Web Server"
        everything = await sh(operator, "systemctl list-units --all --plain --no-legend")
        assert "sshd.service" in everything and "logrotate.timer" in everything
        descriptions = {line.split()[0]: line for line in everything.splitlines()}
        begin = descriptions["nginx.service"].index("Nginx Web Server")
        assert all(line[begin - 1] == " " and line[begin] != " " for line in descriptions.values()), everything
        assert (await sh(operator, "systemctl list-units 'ssh*'")).split()[:4] == [
            "sshd.service",
            "loaded",
            "active",
            "running",
        ]
        assert await sh(operator, "systemctl list-units 'nixtui-*'") == ""


async def test_is_active_and_status_have_systemds_exit_codes(start: Start) -> None:
    async with start(HOST) as operator:
        assert await sh(operator, "systemctl is-active sshd.service") == "active"
        assert await sh(operator, "systemctl is-active --quiet nginx.service") == "[3]"
        assert await sh(operator, "systemctl is-failed nginx") == "failed"
        assert (await sh(operator, "systemctl status nginx")).startswith("× nginx.service - Nginx Web Server")
        assert (await sh(operator, "systemctl status nginx")).endswith("[3]")
        assert (await sh(operator, "systemctl status nonsense")).endswith("could not be found.\n[4]")
        assert (await sh(operator, "systemctl stop nonsense")).endswith("not loaded.\n[5]")
        assert await sh(operator, "systemctl stop 'nonsense-*'") == ""


async def test_what_is_not_understood_is_said_and_harms_nobody(start: Start) -> None:
    async with start(HOST) as operator:
        assert await sh(operator, "systemctl frobnicate") == (
            "Unknown command verb 'frobnicate', says the demo's systemctl.\n[1]"
        )
        assert (await sh(operator, "systemctl status -n many nginx")).endswith("[1]")
        assert (await sh(operator, "systemctl kill -s NONSENSE nginx")).endswith("[1]")
        assert (await sh(operator, "systemd-run --unit=job")).endswith("[1]")
        await sh(operator, 'echo nobody 1<>"$NIXTUI_ROOT/run/systemd/private"')
        assert await sh(operator, "systemctl is-active sshd") == "active"


async def test_a_service_can_be_signalled(start: Start) -> None:
    async with start(HOST) as operator:
        await sh(operator, "systemd-run --unit=job --collect sleep 60; systemctl kill --signal=KILL job.service")
        await until(lambda: _is_gone(operator, "job.service"))


async def test_a_service_outlives_the_connection_that_started_it(start: Start, tmp_path: Path) -> None:
    async with start(HOST) as operator:
        said = await sh(operator, f"systemd-run --unit=job sh -c 'sleep 1; echo done >{tmp_path}/out'")
        assert said == "Running as unit: job.service"
        assert await sh(operator, "systemctl is-active job.service") == "active"
        await until_true((tmp_path / "out").exists)
        await until(lambda: _is_gone(operator, "job.service"))


async def test_a_service_that_is_there_is_not_started_twice(start: Start) -> None:
    async with start(HOST) as operator:
        await sh(operator, "systemd-run --quiet --collect --unit=job sleep 60")
        said = await sh(operator, "systemd-run --unit=job sleep 60")
        assert "Unit job.service was already loaded" in said
        assert said.endswith("[1]")


async def test_stopping_a_service_ends_all_of_its_processes(start: Start, tmp_path: Path) -> None:
    async with start(HOST) as operator:
        children = f"sh -c 'trap \"\" TERM; (echo $$ >{tmp_path}/pid; sleep 77) & sleep 78'"
        await sh(operator, f"systemd-run --unit=job --property=TimeoutStopSec=1 --setenv=MARK={tmp_path} {children}")
        await until_true((tmp_path / "pid").exists)
        assert await sh(operator, "systemctl stop job.service") == ""
        assert not _processes_with(f"MARK={tmp_path}")
        assert await _is_gone(operator, "job.service")


async def test_a_service_has_the_environment_it_was_given(start: Start, tmp_path: Path) -> None:
    async with start(HOST) as operator:
        await sh(
            operator,
            f"systemd-run --unit=job --setenv=WORDS='a b=c' sh -c 'echo \"$WORDS $NIXTUI_ROOT\" >{tmp_path}/new;"
            f" mv {tmp_path}/new {tmp_path}/out'",
        )
        await until_true((tmp_path / "out").exists)
        assert (tmp_path / "out").read_text() == f"a b=c {operator.fleet.hosts[HOST].root.directory}\n"


async def test_a_timer_starts_its_service_once_and_is_gone(start: Start, tmp_path: Path) -> None:
    async with start(HOST) as operator:
        await sh(operator, f"systemd-run --unit=later --on-active=1s --collect sh -c 'echo once >>{tmp_path}/out'")
        assert await sh(operator, "systemctl list-units 'later*' --plain") == (
            f"later.timer loaded active waiting sh -c echo once >>{tmp_path}/out"
        )
        await until_true((tmp_path / "out").exists)
        await until(lambda: _is_gone(operator, "later.timer"))
        assert (tmp_path / "out").read_text() == "once\n"


async def test_a_stopped_timer_never_fires(start: Start, tmp_path: Path) -> None:
    async with start(HOST) as operator:
        await sh(operator, f"systemd-run --unit=never --on-active=1s touch {tmp_path}/out")
        await sh(operator, "systemctl stop 'never-*.timer' 'nev*.timer'")
        assert await _is_gone(operator, "never.timer") and await _is_gone(operator, "never.service")
        await sh(operator, "sleep 1.5")
        assert not (tmp_path / "out").exists()


async def test_the_service_of_a_timer_can_be_started_before_its_time(start: Start, tmp_path: Path) -> None:
    async with start(HOST) as operator:
        await sh(operator, f"systemd-run --unit=soon --on-active=60s touch {tmp_path}/out")
        assert await sh(operator, "systemctl start --no-block soon.service") == ""
        await until_true((tmp_path / "out").exists)


async def test_a_service_that_fails_is_started_again_until_it_succeeds(start: Start, tmp_path: Path) -> None:
    async with start(HOST) as operator:
        count = f"echo x >>{tmp_path}/out; test $(wc -l <{tmp_path}/out) -ge 3"
        await sh(
            operator, f"systemd-run --unit=job --property=Restart=on-failure --property=RestartSec=0.1 sh -c '{count}'"
        )
        await until(lambda: _is_gone(operator, "job.service"))
        assert (tmp_path / "out").read_text() == "x\nx\nx\n"


async def test_a_service_may_not_run_longer_than_it_may(start: Start) -> None:
    async with start(HOST) as operator:
        await sh(operator, "systemd-run --unit=job --collect --property=RuntimeMaxSec=1 sleep 60")
        await until(lambda: _is_gone(operator, "job.service"))


async def test_a_failed_service_stays_until_it_is_reset_unless_it_is_collected(start: Start) -> None:
    async with start(HOST) as operator:
        await sh(operator, "systemd-run --unit=bad false; systemd-run --unit=worse --collect false")
        await until(lambda: _is_gone(operator, "worse.service"))
        assert await sh(operator, "systemctl is-failed bad.service") == "failed"
        await sh(operator, "systemctl reset-failed")
        assert await _is_gone(operator, "bad.service")


async def test_a_reboot_starts_over_with_an_empty_run(start: Start) -> None:
    async with start(HOST) as operator:
        root = operator.fleet.hosts[HOST].root
        root.at("/run/nixtui").mkdir()
        before = root.at("/proc/sys/kernel/random/boot_id").read_text()
        await sh(operator, "systemd-run --unit=job sleep 60; (sleep 0.2; reboot) >/dev/null 2>&1 </dev/null &")

        await until_true(lambda: root.at("/proc/sys/kernel/random/boot_id").read_text() != before)
        assert not root.at("/run/nixtui").exists()
        await until(partial(_is_up_without, operator, "job.service"))


async def _is_up_without(operator: Operator, unit: str) -> bool:
    """It refuses logins for a moment after it has another boot id."""
    try:
        return await _is_gone(operator, unit)
    except Unreachable:
        return False


async def _is_gone(operator: Operator, unit: str) -> bool:
    return not await sh(operator, f"systemctl list-units --all {unit}")


def _processes_with(word: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found
