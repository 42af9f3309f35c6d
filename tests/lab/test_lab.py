"""The hosts are what they claim to be: generations that differ, systems that switch, and a reset that resets."""

import itertools
import json
import subprocess
import time

import pytest

from tests.lab.access import OPS_PASSWORD
from tests.lab.host import Host
from tests.lab.lab import Lab

pytestmark = pytest.mark.lab

SERVICES = {"sshd.service", "nginx.service", "haproxy.service"}


def previous(host: Host) -> str:
    return host.generations[-2].path


def newest(host: Host) -> str:
    return host.generations[-1].path


# ---- what a fresh host is ----


def test_a_fresh_host_runs_has_booted_and_will_boot_its_newest_generation(host: Host) -> None:
    assert host.current_system() == newest(host)
    assert host.booted_system() == newest(host)
    assert host.boot_default() == newest(host)
    assert host.profile().number == host.generations[-1].number
    assert host.profile().path == newest(host)
    assert host.failed_units() == ()
    assert {name for name, unit in host.units("*.service").items() if unit.sub == "running"} >= SERVICES


def test_generations_are_real_and_each_differs_from_the_one_before(host: Host) -> None:
    listed = host.sh("nix-env -p /nix/var/nix/profiles/system --list-generations")
    assert [int(line.split()[0]) for line in listed.splitlines()] == [g.number for g in host.generations]
    assert 3 <= len(host.generations) <= 6

    closures = [set(host.sh(f"nix-store -qR {g.path}").splitlines()) for g in host.generations]
    versions = [host.sh(f"cat {g.path}/nixos-version") for g in host.generations]
    assert len(set(versions)) == len(versions)
    for older, newer in itertools.pairwise(closures):
        assert older - newer
        assert newer - older
    assert any("-openssl-3.4.3" in path for path in closures[-1])


def test_the_last_two_generations_differ_in_units_but_not_in_the_kernel(host: Host) -> None:
    before, now = (g.path for g in host.generations[-2:])
    assert host.sh(f"readlink {before}/kernel") == host.sh(f"readlink {now}/kernel")
    assert host.run(f"cmp {before}/etc/systemd/system/nginx.service {now}/etc/systemd/system/nginx.service").code == 1
    kernels = {host.sh(f"basename {g.path}/kernel-modules/lib/modules/*") for g in host.generations}
    assert len(kernels) > 1


def test_link_times_are_spread_over_the_past_weeks(host: Host) -> None:
    now = time.time()
    for generation in host.generations:
        made = int(host.sh(f"stat -c %Y {generation.link}"))
        assert now - made == pytest.approx(generation.age.total_seconds(), abs=60)


def test_the_newest_generation_has_a_specialisation_with_a_boot_entry(host: Host) -> None:
    number = host.generations[-1].number
    assert host.sh(f"ls {newest(host)}/specialisation") == "debug"
    entry = host.sh(f"cat /boot/loader/entries/nixos-generation-{number}-specialisation-debug.conf")
    assert f"init={host.sh(f'readlink {newest(host)}/specialisation/debug')}/init" in entry


def test_nixos_version_tells_what_the_toplevel_is(host: Host) -> None:
    told = json.loads(host.sh("nixos-version --json"))
    assert told["nixosVersion"] == host.sh(f"cat {newest(host)}/nixos-version")
    assert told["configurationRevision"] == host.sh("nixos-version --configuration-revision")


def test_the_host_says_the_kernel_of_its_boot_entry(host: Host) -> None:
    kernel = host.sh(f"basename {newest(host)}/kernel-modules/lib/modules/*")
    assert host.sh("uname -r") == kernel
    assert host.sh("cat /proc/sys/kernel/osrelease") == kernel


def test_the_host_sees_its_own_network_and_serves_http(host: Host) -> None:
    assert host.sh("ls /sys/class/net").split() == ["eth0", "lo"]
    assert host.sh("curl -fsS http://localhost/") == "nginx 1.28.1"


# ---- logins ----


def test_every_login_has_the_privilege_it_is_meant_to_have(host: Host) -> None:
    assert host.ssh("id -u").stdout == "0\n"
    assert host.ssh("sudo -n id -u", user="deploy").stdout == "0\n"
    assert host.ssh("sudo -n id -u", user="ops").code != 0
    assert host.ssh(f"echo {OPS_PASSWORD} | sudo -S -p '' id -u", user="ops").stdout == "0\n"
    assert host.ssh("sudo -n id -u", user="plain").code != 0
    assert host.ssh("run0 id -u", user="run0er").stdout.strip() == "0"
    as_root = "systemd-run --uid=0 --pipe --quiet --wait --collect id -u"
    assert host.ssh(as_root, user="run0er").stdout == "0\n"
    assert host.ssh(as_root, user="plain").code != 0
    assert host.ssh("sudo -n id -u", user="run0er").code != 0


def test_nix_works_for_root_and_through_the_daemon_for_a_trusted_user(host: Host) -> None:
    assert host.ssh("nix-store --add /etc/hosts").stdout.startswith("/nix/store/")
    added = host.ssh("nix-store --add /etc/hostname", user="deploy")
    assert added.stdout.startswith("/nix/store/"), added.stderr
    assert host.run("nix-collect-garbage -d").code == 0
    assert host.generation_numbers() == (host.generations[-1].number,)
    assert host.current_system() == newest(host)
    assert host.run(f"test -e {previous(host)}").code == 1


def test_what_a_login_leaves_behind_is_killed_only_when_logind_is_told_to(host: Host) -> None:
    leave = "setsid --fork sleep 4242 </dev/null >/dev/null 2>&1"
    host.kill_user_processes(True)
    host.ssh(leave, user="deploy")
    host.wait_until(lambda: not host.running_processes(r"^sleep 4242"))
    host.kill_user_processes(False)
    host.ssh(leave, user="deploy")
    assert len(host.running_processes(r"^sleep 4242")) == 1


# ---- switching by hand ----


def test_a_rollback_by_hand_restarts_reloads_stops_and_starts_what_differs(host: Host) -> None:
    target = host.generations[-2]
    nginx = host.sh("systemctl show -p MainPID --value nginx")
    host.sh(f"nix-env -p /nix/var/nix/profiles/system --switch-generation {target.number}")
    done = host.switch(target.path, "switch")

    assert done.code == 0, done.stderr
    assert "stopping the following units: prometheus-node-exporter.service" in done.stderr
    assert "activating the configuration..." in done.stderr
    assert "reloading the following units: haproxy.service" in done.stderr
    assert "restarting the following units: nginx.service" in done.stderr
    assert "starting the following units: prometheus-node-exporter.service" in done.stderr
    assert "the following new units were started: legacy-agent.service" in done.stderr
    assert host.current_system() == target.path
    assert host.boot_default() == target.path
    assert host.booted_system() == newest(host)
    assert host.sh("systemctl show -p MainPID --value nginx") != nginx
    assert host.sh("cat /run/haproxy.reloads") == "reloaded"


def test_dry_activate_tells_the_same_and_changes_nothing(host: Host) -> None:
    watched = "systemctl show -p InvocationID nginx haproxy sshd; ls -A /run/nixos"
    host.switch(newest(host), "dry-activate")
    before = host.sh(watched)
    done = host.switch(previous(host), "dry-activate")
    assert done.code == 0
    assert done.stderr.splitlines() == [
        "would stop the following units: prometheus-node-exporter.service",
        "would activate the configuration...",
        "would reload the following units: haproxy.service",
        "would restart the following units: nginx.service",
        "would start the following units: prometheus-node-exporter.service",
    ]
    assert host.sh(watched) == before
    assert host.current_system() == newest(host)


def test_test_changes_neither_profile_nor_boot_default(host: Host) -> None:
    assert host.switch(previous(host), "test").code == 0
    assert host.current_system() == previous(host)
    assert host.profile().path == newest(host)
    assert host.boot_default() == newest(host)


def test_boot_changes_only_what_the_next_boot_starts(host: Host) -> None:
    host.sh(f"nix-env -p /nix/var/nix/profiles/system --switch-generation {host.generations[0].number}")
    assert host.switch(host.generations[0].path, "boot").code == 0
    assert host.boot_default() == host.generations[0].path
    assert host.current_system() == newest(host)

    before = host.boot_id()
    host.reboot()
    assert host.boot_id() != before
    assert host.booted_system() == host.current_system() == host.generations[0].path
    assert host.sh("uname -r") == host.sh(f"basename {host.generations[0].path}/kernel-modules/lib/modules/*")


def test_a_specialisation_can_be_switched_to(host: Host) -> None:
    debug = host.sh("readlink -f /run/current-system/specialisation/debug")
    assert host.switch(debug).code == 0
    assert host.current_system() == debug


def test_a_switch_is_refused_while_another_one_holds_the_lock(host: Host) -> None:
    host.sh("mkdir -p /run/nixos; systemd-run --quiet flock /run/nixos/switch-to-configuration.lock sleep 1000")
    host.wait_until(lambda: bool(host.running_processes(r"^sleep 1000")))
    done = host.switch(previous(host))
    assert (done.code, done.stderr) == (11, "Could not acquire lock\n")


def test_only_root_may_switch(host: Host) -> None:
    done = host.run(f"{previous(host)}/bin/switch-to-configuration test", user="deploy")
    assert done.code == 1
    assert "root" in done.stderr


def test_the_journal_tells_what_was_switched_to(host: Host) -> None:
    host.switch(previous(host))
    told = host.sh("journalctl -t nixos -o cat --no-pager").splitlines()
    assert told == [
        f"switching to system configuration {previous(host)}",
        f"finished switching to system configuration {previous(host)}",
    ]


# ---- isolation ----


def test_reset_undoes_everything(host: Host) -> None:
    host.install("good")
    host.switch("stops-sshd", "test")
    host.sh("mkdir -p /run/nixtui/x && touch /nix/var/nix/gcroots/nixtui-x && echo x >/etc/lab/slow-seconds")
    host.sh("systemd-run --quiet --on-active=1000 --unit=nixtui-revert-x true")
    host.fail_unit()
    host.fill_boot()
    host.link_down()

    host.reset()

    assert host.current_system() == host.boot_default() == host.profile().path == newest(host)
    assert host.generation_numbers() == tuple(g.number for g in host.generations)
    assert host.failed_units() == ()
    assert host.units("nixtui-*") == {}
    assert host.run("ls /run/nixtui /nix/var/nix/gcroots/nixtui-x /etc/lab/slow-seconds /boot/ballast").stdout == ""
    assert host.ssh("true").code == 0


def test_hosts_are_separate_and_see_each_other(hosts: list[Host]) -> None:
    one, two, *_ = hosts
    assert one.address != two.address
    assert newest(one) != newest(two)
    assert one.boot_id() != two.boot_id()
    one.sh(f"busybox wget -q -O - http://{two.address}/")
    one.power_cut()
    assert two.ssh("hostname").stdout == f"{two.name}\n"


def test_openssh_knows_all_hosts_by_name(lab: Lab, hosts: list[Host]) -> None:
    for host in hosts:
        argv = ["ssh", "-F", str(lab.ssh_config), host.name, "hostname"]
        assert subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout == f"{host.name}\n"
