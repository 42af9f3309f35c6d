"""Guarded activation of a real host: the good way, every fault, and what the host is afterwards, seen from outside.

The failure matrix in the README names these tests.
"""

import asyncio
import time

import msgspec
import pytest

from nixtui.activation.guarded import HealthCheck
from nixtui.activation.rollback import Action
from nixtui.operations.events import LogLine
from nixtui.operations.report import Outcome
from tests.activation.conftest import QUICK, Rolling, leftovers, truth
from tests.lab.host import Host

pytestmark = pytest.mark.lab


async def test_takes_a_host_to_its_previous_generation(rolling: Rolling, host: Host) -> None:
    before = host.generations[-2]
    attempt = await rolling.to("previous")
    report = await attempt.report()
    assert (report.outcome, report.after) == (Outcome.COMMITTED, str(before.number))
    assert report.exit_code == 0
    now = truth(host)
    assert now.current == now.profile == now.boot_default == before.path
    assert now.number == before.number
    assert leftovers(host) == ""
    assert attempt.steps == ["connecting", "locked", "armed", "testing", "verifying", "committing"]


async def test_the_journal_has_it(rolling: Rolling) -> None:
    attempt = await rolling.to("previous")
    await attempt.report()
    (entry,) = await rolling.journal.entries()
    assert (entry.kind, entry.outcome, entry.operator) == ("rollback", Outcome.COMMITTED, "me")
    assert len(await rolling.journal.events(entry.operation)) >= 10


async def test_a_generation_by_number_and_back_again(rolling: Rolling, host: Host) -> None:
    older, newest = host.generations[-2:]
    assert (await (await rolling.to(str(older.number))).report()).outcome is Outcome.COMMITTED
    assert truth(host).number == older.number
    assert (await (await rolling.to(str(newest.number))).report()).outcome is Outcome.COMMITTED
    assert truth(host).current == newest.path
    assert host.generation_numbers() == tuple(each.number for each in host.generations)


async def test_a_system_that_is_no_generation_becomes_one(rolling: Rolling, host: Host) -> None:
    report = await (await rolling.to_variant("good")).report()
    assert report.outcome is Outcome.COMMITTED
    assert truth(host).number == host.generations[-1].number + 1
    assert truth(host).boot_default == host.variants["good"]


async def test_what_runs_already_is_left_alone(rolling: Rolling, host: Host) -> None:
    before = host.sh("cat /proc/uptime; stat -c %Z /nix/var/nix/profiles/system")
    report = await (await rolling.to("current")).report()
    assert report.outcome is Outcome.UNCHANGED
    assert host.sh("stat -c %Z /nix/var/nix/profiles/system") == before.splitlines()[1]


@pytest.mark.parametrize(
    ("variant", "code", "says"),
    [
        ("activate-fails", 2, "activation script failed"),
        ("unit-fails", 4, "which did not fail before"),
        ("needs-reboot", 100, "reboot"),
        ("panics", 101, "crashed"),
    ],
)
async def test_a_system_that_does_not_activate_is_left_again(
    rolling: Rolling, host: Host, variant: str, code: int, says: str
) -> None:
    before = truth(host)
    report = await (await rolling.to_variant(variant)).report()
    assert (report.outcome, report.exit_code) == (Outcome.REVERTED, code)
    assert says in (report.detail or "")
    assert truth(host) == before
    assert leftovers(host) == ""


async def test_a_failed_pre_switch_check_is_told_and_left(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    report = await (await rolling.to_variant("check-fails")).report()
    assert (report.outcome, report.exit_code) == (Outcome.REVERTED, 1)
    assert any("middle of a migration" in line for line in report.log)
    assert truth(host) == before


async def test_units_that_failed_before_are_no_reason_to_go_back(rolling: Rolling, host: Host) -> None:
    host.fail_unit()
    host.sh("systemd-run --quiet --property=Restart=always --property=RestartSec=30 --unit=crashing false")
    attempt = await rolling.to("previous")
    assert (await attempt.report()).outcome is Outcome.COMMITTED
    assert any("crashing.service" in note for note in attempt.notes)


async def test_a_failing_health_command_takes_the_host_back(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    checks = (HealthCheck("true", 5.0), HealthCheck("echo not well >&2; exit 3", 5.0))
    report = await (await rolling.to(settings=msgspec.structs.replace(QUICK, health=checks))).report()
    assert report.outcome is Outcome.REVERTED
    assert "exit 3" in (report.detail or "")
    assert "not well" in report.log
    assert truth(host) == before


async def test_a_cut_network_brings_the_host_back_with_nobody_connected(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    host.set_slow_seconds(120)
    attempt = await rolling.to_variant("slow")
    await attempt.until(lambda event: isinstance(event, LogLine) and "step" in event.text)
    host.link_down()
    cut = time.monotonic()
    await host.until(lambda: truth(host) == before and not host.sh("ls /run/nixtui/lock 2>/dev/null; true"), within=30)
    assert time.monotonic() - cut <= QUICK.revert_after + 5
    host.link_up()
    report = await attempt.report()
    assert report.outcome is Outcome.REVERTED
    assert "no sign of life" in (report.detail or "")
    assert host.running_processes("slow") == ()


async def test_a_new_system_that_stops_sshd_is_left_again(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    report = await (await rolling.to_variant("stops-sshd")).report()
    assert report.outcome is Outcome.REVERTED
    assert truth(host) == before
    assert host.ssh("true").code == 0


async def test_a_new_system_that_cuts_the_network_is_left_again(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    report = await (await rolling.to_variant("cuts-network")).report()
    assert report.outcome is Outcome.REVERTED
    assert truth(host) == before


async def test_a_power_cut_inside_the_window_boots_the_old_generation(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    host.set_slow_seconds(60)
    attempt = await rolling.to_variant("slow")
    await attempt.until(lambda event: isinstance(event, LogLine) and "step" in event.text)
    await asyncio.to_thread(host.power_cut)
    await asyncio.to_thread(host.power_on)
    report = await attempt.report()
    assert report.outcome is Outcome.REVERTED
    assert "rebooted" in (report.detail or "")
    assert truth(host) == before
    assert host.booted_system() == before.current


async def test_a_slow_activation_is_waited_for_while_the_operator_lives(rolling: Rolling, host: Host) -> None:
    host.set_slow_seconds(round(4 * QUICK.revert_after))
    report = await (await rolling.to_variant("slow")).report()
    assert report.outcome is Outcome.COMMITTED
    assert (report.seconds or 0) > 4 * QUICK.revert_after
    assert truth(host).current == host.variants["slow"]


async def test_a_hanging_activation_is_ended_with_all_its_processes(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    settings = msgspec.structs.replace(QUICK, activation_timeout=8.0)
    report = await (await rolling.to_variant("hangs", settings=settings)).report()
    assert report.outcome is Outcome.REVERTED
    assert 8 <= (report.seconds or 0) <= 8 + 10
    assert truth(host) == before
    assert host.running_processes(host.variants["hangs"]) == ()
    assert host.run("flock -n /run/nixos/switch-to-configuration.lock true").code == 0


async def test_cancelling_takes_the_host_back(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    host.set_slow_seconds(60)
    attempt = await rolling.to_variant("slow")
    await attempt.until(lambda event: isinstance(event, LogLine))
    attempt.operation.cancel()
    report = await attempt.report()
    assert report.outcome is Outcome.REVERTED
    assert (await attempt.task).interrupted
    assert truth(host) == before
    assert leftovers(host) == ""


async def test_a_flood_of_output_is_bounded_and_survived(rolling: Rolling, host: Host) -> None:
    attempt = await rolling.to_variant("floods")
    assert (await attempt.report()).outcome is Outcome.COMMITTED
    assert truth(host).current == host.variants["floods"]
    assert sum(map(len, attempt.output)) < 6 * 2**20


async def test_a_full_disk_is_found_before_anything_is_done(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    rollback = await rolling.plan()
    host.fill_disk()
    report = await rolling.start(rollback).report()
    assert report.outcome is Outcome.REFUSED
    assert "full" in (report.detail or "")
    host.free_disk()
    assert truth(host) == before
    assert leftovers(host) == ""


async def test_a_disk_that_fills_up_under_way_takes_the_host_back(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    report = await (await rolling.to_variant("fills-disk")).report()
    assert report.outcome is Outcome.REVERTED
    assert "profile could not be set" in (report.detail or "")
    assert truth(host) == before


async def test_a_full_boot_partition_is_found_before_anything_is_done(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    rollback = await rolling.plan(f"path:{host.variants['other-kernel']}")
    host.fill_boot()
    report = await rolling.start(rollback).report()
    assert report.outcome is Outcome.REFUSED
    assert "/boot" in (report.detail or "")
    assert truth(host) == before


async def test_a_boot_partition_that_fills_up_under_way_takes_the_host_back(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    host.set_slow_seconds(3)
    attempt = await rolling.to_variant("slow")
    await attempt.until(lambda event: isinstance(event, LogLine) and "step" in event.text)
    host.fill_boot()
    report = await attempt.report()
    assert report.outcome is Outcome.REVERTED
    assert "boot entry could not be written" in (report.detail or "")
    assert truth(host) == before
    assert host.generation_numbers() == tuple(each.number for each in host.generations)


async def test_a_failing_boot_loader_takes_the_host_back(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    report = await (await rolling.to_variant("boot-fails")).report()
    assert report.outcome is Outcome.REVERTED
    assert "boot entry could not be written" in (report.detail or "")
    assert truth(host) == before
    assert host.generation_numbers() == tuple(each.number for each in host.generations)
    assert leftovers(host) == ""


async def test_an_activation_by_somebody_else_is_not_disturbed(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    host.sh("systemd-run --quiet --unit=somebody flock /run/nixos/switch-to-configuration.lock sleep 60")
    report = await (await rolling.to()).report()
    assert report.outcome is Outcome.REFUSED
    assert "another activation" in (report.detail or "")
    assert truth(host) == before
    assert leftovers(host) == ""


@pytest.mark.parametrize(
    ("variant", "says"), [("other-dbus", "dbus"), ("other-systemd", "systemd"), ("inhibited", "inhibitors")]
)
async def test_a_live_switch_across_an_inhibitor_is_refused_and_a_reboot_offered(
    rolling: Rolling, host: Host, variant: str, says: str
) -> None:
    before = truth(host)
    report = await (await rolling.to_variant(variant)).report()
    assert report.outcome is Outcome.REFUSED
    assert says in (report.detail or "")
    assert " ;" not in (report.detail or "")
    assert "--action reboot" in (report.remedy or "")
    assert truth(host) == before


async def test_across_an_inhibitor_by_reboot(rolling: Rolling, host: Host) -> None:
    report = await (await rolling.to_variant("other-dbus", action=Action.REBOOT)).report()
    assert report.outcome is Outcome.COMMITTED
    assert "rebooted" in (report.detail or "")
    assert truth(host).current == host.booted_system() == host.variants["other-dbus"]


async def test_only_the_boot_entry(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    older = host.generations[-2]
    attempt = await rolling.to(action=Action.BOOT)
    assert attempt.operation.plan.title.startswith(f"Set what {host.name} boots next")
    report = await attempt.report()
    assert report.outcome is Outcome.COMMITTED
    assert report.detail == "boots and is the profile; the old system runs until the next boot"
    now = truth(host)
    assert (now.current, now.profile, now.boot_default) == (before.current, older.path, older.path)


async def test_another_kernel_is_no_inhibitor(rolling: Rolling, host: Host) -> None:
    assert (await (await rolling.to_variant("other-kernel")).report()).outcome is Outcome.COMMITTED


async def test_a_target_whose_path_is_gone_is_refused(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    rollback = await rolling.plan()
    host.lose(host.generations[-2].path)
    report = await rolling.start(rollback).report()
    assert report.outcome is Outcome.REFUSED
    assert truth(host) == before
    assert (await rolling.plan()).plan.targets[0].refused is not None


async def test_a_target_with_a_hole_in_its_closure_is_refused(rolling: Rolling, host: Host) -> None:
    """Valid to Nix, but a path it needs was deleted behind Nix's back."""
    before = truth(host)
    target = host.generations[-2].path
    needed = host.sh(f"nix-store -qR {target}").splitlines()
    running = host.sh(f"nix-store -qR {before.current}").splitlines()
    rollback = await rolling.plan()
    host.sh(f"rm -rf {next(path for path in needed if path not in running and path != target)}")
    report = await rolling.start(rollback).report()
    assert report.outcome is Outcome.REFUSED
    assert "is gone" in (report.detail or "")
    assert truth(host) == before


async def test_garbage_collection_inside_the_window_deletes_neither_way(rolling: Rolling, host: Host) -> None:
    host.set_slow_seconds(4)
    attempt = await rolling.to_variant("slow")
    await attempt.until(lambda event: isinstance(event, LogLine) and "step" in event.text)
    await asyncio.to_thread(host.sh, "nix-collect-garbage -d", timeout=60)
    assert (await attempt.report()).outcome is Outcome.COMMITTED
    assert truth(host).current == host.variants["slow"]


async def test_a_profile_that_somebody_changed_since_it_was_shown_stops_it(rolling: Rolling, host: Host) -> None:
    rollback = await rolling.plan()
    host.sh(f"nix-env -p /nix/var/nix/profiles/system --switch-generation {host.generations[0].number}")
    before = truth(host)
    report = await rolling.start(rollback).report()
    assert report.outcome is Outcome.REFUSED
    assert "not to what was shown" in (report.detail or "")
    assert truth(host) == before
    assert leftovers(host) == ""


async def test_a_profile_that_somebody_changes_under_way_is_theirs(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    host.set_slow_seconds(3)
    attempt = await rolling.to_variant("slow")
    await attempt.until(lambda event: isinstance(event, LogLine) and "step" in event.text)
    host.sh(f"nix-env -p /nix/var/nix/profiles/system --switch-generation {host.generations[0].number}")
    report = await attempt.report()
    assert report.outcome is Outcome.REVERTED
    assert "somebody else" in (report.detail or "")
    assert truth(host).current == before.current
    assert truth(host).number == host.generations[0].number


async def test_logind_killing_what_a_login_leaves_does_not_matter(rolling: Rolling, host: Host) -> None:
    host.kill_user_processes(True)
    rolling.user, rolling.elevate = "deploy", "sudo"
    host.set_slow_seconds(3)
    assert (await (await rolling.to_variant("slow")).report()).outcome is Outcome.COMMITTED


async def test_a_commit_that_is_killed_on_the_host_is_finished(rolling: Rolling, host: Host) -> None:
    """The unit is started again by systemd and goes on where it was."""
    host.sh("mkdir -p /run/systemd/system; true")
    killer = "until systemctl kill --signal=KILL 'nixtui-commit-*' 2>/dev/null && "
    killer += "systemctl list-units --plain --no-legend 'nixtui-commit-*' | grep -q .; do sleep 0.02; done"
    host.sh(f"systemd-run --quiet --unit=killer sh -c {killer!r}")
    report = await (await rolling.to("previous")).report()
    assert report.outcome is Outcome.COMMITTED
    now = truth(host)
    assert now.current == now.profile == now.boot_default == host.generations[-2].path


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
@pytest.mark.parametrize(("variant", "outcome"), [("good", Outcome.COMMITTED), ("unit-fails", Outcome.REVERTED)])
async def test_under_any_shell(rolling: Rolling, host: Host, shell: str, variant: str, outcome: Outcome) -> None:
    """NixOS's sh is bash; others are dash or busybox."""
    host.sh(f"ln -sfn $(command -v {shell}) /usr/bin/sh")
    assert (await (await rolling.to_variant(variant)).report()).outcome is outcome
    assert leftovers(host) == ""


async def test_a_host_without_systemd_run_is_left_alone(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    host.sh("mv $(command -v systemd-run) /root/")
    report = await (await rolling.to()).report()
    assert report.outcome is Outcome.REFUSED
    assert "no systemd-run" in (report.detail or "")
    assert truth(host) == before
    assert leftovers(host) == ""


async def test_a_profile_without_generations_is_refused(rolling: Rolling, host: Host) -> None:
    current = host.current_system()
    host.sh("rm /nix/var/nix/profiles/system /nix/var/nix/profiles/system-*-link")
    rollback = await rolling.plan()
    assert rollback.plan.targets[0].refused is not None
    assert not rollback.orders
    assert host.current_system() == current


async def test_names_with_quotes_and_escapes_are_carried_and_never_run(rolling: Rolling, host: Host) -> None:
    attempt = await rolling.to_variant("hostile-name")
    report = await attempt.report()
    assert report.outcome is Outcome.COMMITTED
    assert truth(host).current == host.variants["hostile-name"]
    assert host.run("test -e /tmp/owned").code == 1
    told = [*attempt.output, *attempt.notes, report.detail or ""]
    assert not any("\x1b" in line or "\x07" in line for line in told)


async def test_an_operator_with_a_hostile_name_holds_a_lock_and_nothing_else(rolling: Rolling, host: Host) -> None:
    rolling.name = "it's $(touch /tmp/owned) `me`\n@here"
    assert (await (await rolling.to()).report()).outcome is Outcome.COMMITTED
    assert host.run("test -e /tmp/owned").code == 1
