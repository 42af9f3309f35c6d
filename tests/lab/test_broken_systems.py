"""Every system that breaks on purpose breaks the way it says, and the way back works."""

import subprocess
from pathlib import Path

import pytest

from tests.lab.host import Host
from tests.lab.systems import NIX

pytestmark = pytest.mark.lab


def newest(host: Host) -> str:
    return host.generations[-1].path


@pytest.mark.parametrize(
    ("variant", "code", "line"),
    [
        ("good", 0, "activating the configuration..."),
        ("unit-fails", 4, "warning: the following units failed: unit-fails.service"),
        ("flaky-service", 4, "warning: the following units failed: flaky.service"),
        ("activate-fails", 2, "Failed to run activate script"),
        ("panics", 101, "panicked"),
        ("other-dbus", 0, "reloading the following units: dbus.service"),
        ("other-systemd", 0, "restarting systemd..."),
        ("other-kernel", 0, "activating the configuration..."),
        ("fills-disk", 0, "activating the configuration..."),
    ],
)
def test_the_exit_code_tells_and_the_system_is_active(host: Host, variant: str, code: int, line: str) -> None:
    done = host.switch(variant)
    assert done.code == code, done.stderr
    assert line in done.stderr
    assert host.current_system() == host.variants[variant]

    back = host.switch(newest(host))
    assert back.code == 0, back.stderr
    assert host.current_system() == newest(host)
    assert host.failed_units() == ()


@pytest.mark.parametrize(
    ("variant", "code", "line"),
    [
        ("needs-reboot", 100, "will not take effect until you reboot"),
        ("inhibited", 1, "Pre-switch checks failed"),
    ],
)
def test_a_system_that_cannot_be_switched_to_changes_nothing(host: Host, variant: str, code: int, line: str) -> None:
    done = host.switch(variant)
    assert done.code == code
    assert line in done.stderr
    assert host.current_system() == newest(host)


def test_an_inhibitor_can_be_ignored_or_booted_into(host: Host) -> None:
    assert "Found diff in switch inhibitors:" in host.switch("inhibited").stdout
    assert host.run(f"NIXOS_NO_CHECK=1 {host.variants['inhibited']}/bin/switch-to-configuration test").code == 0
    host.switch(newest(host))
    host.install("inhibited")
    assert host.switch("inhibited", "boot").code == 0
    host.reboot()
    assert host.current_system() == host.variants["inhibited"]


def test_other_dbus_is_told_by_where_its_unit_leads(host: Host) -> None:
    where = "readlink -f {}/etc/systemd/system/dbus.service"
    assert "-dbus-1.16.2/" in host.sh(where.format(newest(host)))
    assert "-dbus-broker-37/" in host.sh(where.format(host.variants["other-dbus"]))


def test_a_flaky_service_runs_in_the_end(host: Host) -> None:
    assert host.switch("flaky-service").code == 4
    host.wait_until(lambda: host.units()["flaky.service"].sub == "running")
    assert host.failed_units() == ()


def test_a_host_whose_sshd_was_stopped_keeps_running_unreachable(host: Host) -> None:
    assert host.switch("stops-sshd").code == 0
    assert not host.is_reachable()
    assert host.switch(newest(host)).code == 0
    host.wait_until(host.is_reachable)


def test_a_host_that_cut_its_own_network_comes_back_with_the_old_system(host: Host) -> None:
    host.switch("cuts-network")
    assert not host.is_reachable()
    assert host.current_system() == host.variants["cuts-network"]
    host.switch(newest(host))
    host.wait_until(host.is_reachable)


def test_a_hanging_activation_holds_the_lock_until_it_is_killed(host: Host) -> None:
    host.sh(f"systemd-run --quiet --unit=hanging {host.variants['hangs']}/bin/switch-to-configuration test")
    host.wait_until(lambda: len(host.running_processes("^sleep 1000000")) == 3)
    host.sh("systemctl kill --signal=TERM hanging")
    assert host.switch(newest(host)).code == 11
    assert host.units()["hanging.service"].sub == "running"
    assert host.current_system() == newest(host)
    host.sh("systemctl kill --signal=KILL hanging")
    host.wait_until(lambda: not host.running_processes("^sleep 1000000"))
    assert host.switch(newest(host)).code == 0


def test_a_slow_activation_takes_as_long_as_it_is_told_to(host: Host) -> None:
    host.set_slow_seconds(1)
    done = host.switch("slow")
    assert done.code == 0
    assert "step 1 of 1" in done.stdout


def test_on_a_full_disk_the_profile_cannot_be_set_but_the_way_back_works(host: Host) -> None:
    assert host.switch("fills-disk").code == 0
    told = host.run(f"nix-env -p /nix/var/nix/profiles/system --set {host.variants['fills-disk']}")
    assert told.code != 0
    assert "No space left on device" in told.stderr
    assert host.profile().path == newest(host)
    assert host.ssh("sudo -n true", user="deploy").code == 0

    assert host.switch(newest(host)).code == 0
    assert host.install("good").path == host.variants["good"]


def test_fifty_megabytes_of_output(host: Host) -> None:
    done = host.switch("floods")
    assert done.code == 0
    assert len(done.stdout) > 50_000_000


def test_a_failing_boot_loader_stops_before_anything_is_activated(host: Host) -> None:
    before = host.boot_default()
    host.install("boot-fails")
    for action in ("boot", "switch"):
        done = host.switch("boot-fails", action)
        assert done.code == 1
        assert done.stderr.endswith("Failed to install bootloader\n")
    assert host.boot_default() == before
    assert host.current_system() == newest(host)


def test_hostile_names_reach_the_operator(host: Host) -> None:
    done = host.switch("hostile-name")
    assert done.code == 0, done.stderr
    assert r"quote\x22\x27\x3brm\x20-rf.service" in done.stderr
    assert "\x1b" in host.sh("nixos-version")
    assert r"quote\x22\x27\x3brm\x20-rf.service" in host.units()
    assert "evil?=name-1.0+-_.2" in host.sh("nix-store -qR /run/current-system")
    assert host.run("test -e /tmp/owned").code == 1


def test_an_operators_nix_can_evaluate_the_same_systems(tmp_path: Path) -> None:
    """Tests of deployments build from these files on the operator's side, where Nix is another one."""
    expression = f'(import {NIX} {{ hostName = "h9"; }}).variant.good.outPath'
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "NIX_STATE_DIR": str(tmp_path)}
    argv = ["nix-instantiate", "--eval", "--readonly-mode", "-E", expression]
    done = subprocess.run(argv, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "nixos-system-h9-good-" in done.stdout
