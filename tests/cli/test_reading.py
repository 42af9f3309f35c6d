"""`status`, `generations` and `diff` of real hosts, and everything that is wrong with what is asked."""

import pytest

from tests.cli.conftest import Shell
from tests.lab.host import Host

pytestmark = pytest.mark.lab

STATUS_KEYS = {
    *("name", "address", "environment", "tags", "state", "state_reason", "observed_at", "generation"),
    *("current_system", "booted_system", "profile_system", "nixos_version", "configuration_revision", "kernel"),
    *("reboot_needed", "failed_units", "load", "memory_used", "disk_used", "uptime_s"),
}


def test_status_says_how_hosts_are(lab_shell: Shell, host: Host) -> None:
    unit = host.fail_unit()
    ended = lab_shell.run("status", host.name, "gone", "--json")
    assert ended.code == 4, ended.err
    well, gone = ended.json
    assert set(well) >= STATUS_KEYS
    newest = host.generations[-1]
    assert (well["state"], well["generation"], well["current_system"]) == ("degraded", newest.number, newest.path)
    assert unit in well["failed_units"]
    assert (gone["state"], gone["generation"], gone["observed_at"]) == ("unreachable", None, None)
    assert "refuses connections" in gone["state_reason"]


def test_status_as_text_has_a_row_for_each(lab_shell: Shell, host: Host) -> None:
    ended = lab_shell.run("status", host.name)
    assert ended.code == 0
    heading, row = ended.out.splitlines()
    assert heading.split()[:3] == ["HOST", "STATE", "GEN"]
    assert row.split()[:3] == [host.name, "up", str(host.generations[-1].number)]


def test_generations_are_listed_newest_first_with_their_marks(lab_shell: Shell, host: Host) -> None:
    ended = lab_shell.run("generations", host.name, "--json")
    assert ended.code == 0
    assert [each["number"] for each in ended.json] == [each.number for each in reversed(host.generations)]
    newest = ended.json[0]
    assert all(newest[mark] is True for mark in ("running", "booted", "profile", "boot_default"))
    assert not any(each["running"] for each in ended.json[1:])


def test_diff_names_packages_with_versions(lab_shell: Shell, host: Host) -> None:
    first, last = host.generations[0].number, host.generations[-1].number
    ended = lab_shell.run("diff", host.name, str(first), str(last), "--json")
    assert ended.code == 0, ended.err
    changed = {each["name"]: each for each in ended.json["packages"]}
    assert changed["openssl"]["change"] == "upgraded"
    assert ended.json["closure_bytes_before"] > 0
    back = lab_shell.run("diff", host.name, "current", f"{host.name}:{first}", "--json").json
    assert {each["name"] for each in back["packages"]} == set(changed)


def test_a_generation_that_does_not_exist_is_exit_2(lab_shell: Shell, host: Host) -> None:
    ended = lab_shell.run("diff", host.name, "1", "current")
    assert ended.code == 2
    assert "there is no generation 1" in ended.err
