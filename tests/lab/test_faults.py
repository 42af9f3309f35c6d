"""What goes wrong from outside goes wrong for real, and can be put right again."""

import time

import pytest

from tests.lab.host import Host
from tests.lab.inside import HostOffError

pytestmark = pytest.mark.lab


def test_a_power_cut_ends_everything_at_once_and_power_brings_the_boot_default_back(host: Host) -> None:
    before = host.boot_id()
    host.switch(host.generations[-2].path, "test")
    host.sh("mkdir -p /run/nixtui && echo kept >/var/lib/kept")
    host.power_cut()
    assert not host.is_on()
    assert not host.is_reachable()
    with pytest.raises(HostOffError):
        host.sh("true")

    host.power_on()
    assert host.boot_id() != before
    assert host.current_system() == host.booted_system() == host.generations[-1].path
    assert host.sh("cat /var/lib/kept") == "kept"
    assert host.run("test -e /run/nixtui").code == 1


def test_an_orderly_power_off(host: Host) -> None:
    host.power_off()
    assert not host.is_on()
    host.power_on()
    assert host.ssh("true").code == 0


def test_a_reboot_ordered_over_ssh_comes_back_by_itself(host: Host) -> None:
    before = host.boot_id()
    host.ssh("systemctl reboot")
    host.wait_until(lambda: host.boot_id() != before)
    host.wait_ready()
    assert host.ssh("true").code == 0


def test_the_link_goes_down_and_up_from_outside(host: Host) -> None:
    host.link_down()
    assert not host.is_reachable()
    assert host.sh("cat /sys/class/net/eth0/carrier") == "0"
    host.sh("ip link set eth0 up")
    assert not host.is_reachable()
    host.link_up()
    host.wait_until(host.is_reachable)


def test_delay_and_loss(host: Host) -> None:
    host.impair(delay=0.15)
    started = time.monotonic()
    assert host.is_reachable(timeout=5)
    assert time.monotonic() - started > 0.55
    assert host.ssh("head -c 300000 /dev/zero | wc -c").stdout == "300000\n"

    host.impair(loss=1.0)
    assert not host.is_reachable()

    host.heal()
    host.wait_until(host.is_reachable)
    started = time.monotonic()
    assert host.is_reachable()
    assert time.monotonic() - started < 0.15


def test_some_loss_only_makes_it_slow(host: Host) -> None:
    host.impair(delay=0.01, jitter=0.005, loss=0.05)
    assert host.ssh("head -c 300000 /dev/zero | wc -c").stdout == "300000\n"


def test_a_full_boot_makes_the_boot_loader_fail_and_leaves_the_rest(host: Host) -> None:
    target = host.generations[-2]
    host.fill_boot()
    done = host.switch(target.path, "boot")
    assert done.code == 1
    assert "No space left on device" in done.stderr
    assert done.stderr.endswith("Failed to install bootloader\n")
    assert host.boot_default() == host.generations[-1].path
    assert host.switch(target.path, "test").code == 0

    host.free_boot()
    host.sh(f"nix-env -p /nix/var/nix/profiles/system --switch-generation {target.number}")
    assert host.switch(target.path, "boot").code == 0
    assert host.boot_default() == target.path


def test_a_full_disk(host: Host) -> None:
    host.fill_disk()
    assert "No space left on device" in host.run("cp /etc/hosts /var/lib/x").stderr
    assert host.ssh("true").code == 0
    host.free_disk()
    host.sh("echo x >/var/lib/x")


def test_units_from_outside(host: Host) -> None:
    host.stop_unit("nginx")
    assert host.run("systemctl is-active nginx").stdout == "inactive\n"
    host.start_unit("nginx")
    assert host.units()["nginx.service"].sub == "running"
    assert host.fail_unit("before") == "before.service"
    assert host.failed_units() == ("before.service",)


def test_a_skewed_clock_as_far_as_date_tells_it(host: Host) -> None:
    host.skew_clock(-3600)
    assert int(host.ssh("date +%s").stdout) == pytest.approx(time.time() - 3600, abs=5)
    assert host.sh("date -d @0 +%s") == "0"


def test_a_lost_store_path(host: Host) -> None:
    host.lose(host.generations[-2].path)
    assert host.run(f"test -e {host.generations[-2].link}").code == 1
    assert host.run(f"test -h {host.generations[-2].link}").code == 0


async def test_waiting_leaves_the_event_loop_alone(host: Host) -> None:
    host.sh("systemd-run --quiet --on-active=0.3 --timer-property=AccuracySec=1ms touch /run/later")
    await host.until(lambda: host.run("test -e /run/later").code == 0, what="the timer's file")
