"""`nixtui rollback`, end to end: the command, the host, the journal, the exit status."""

import signal

import pytest

from tests.activation.conftest import leftovers, truth
from tests.cli.conftest import Shell
from tests.lab.host import Host

pytestmark = pytest.mark.lab


def wait_for_activation(host: Host) -> None:
    """Until the variant `slow` is in the middle of its activation."""
    host.wait_until(
        lambda: host.run("grep -qs 'migrating the database' /run/nixtui/*/transcript").code == 0,
        what="the activation to run",
    )


def test_rollback_takes_the_host_to_its_previous_generation(lab_shell: Shell, host: Host) -> None:
    older, newest = host.generations[-2], host.generations[-1]
    ended = lab_shell.run("rollback", host.name, "--yes", "--json")
    assert ended.code == 0, ended.err
    (only,) = ended.json["hosts"]
    assert (ended.json["outcome"], only["outcome"]) == ("committed", "committed")
    assert (only["from"], only["to"], only["exit_code"]) == (newest.number, older.number, 0)
    now = truth(host)
    assert now.current == now.profile == now.boot_default == older.path
    assert leftovers(host) == ""
    (entry,) = lab_shell.run("journal", "--json").json
    assert entry["operation"] == ended.json["operation"]
    assert (entry["kind"], entry["outcome"], entry["operator"]) == ("rollback", "committed", "me")
    assert entry["targets"] == [host.name]
    (told,) = lab_shell.run("journal", entry["operation"], "--json").json["hosts"]
    assert told == only
    assert (told["from_system"], told["to_system"]) == (newest.path, older.path)


def test_dry_run_prints_the_commands_and_changes_nothing(lab_shell: Shell, host: Host) -> None:
    before = truth(host)
    ended = lab_shell.run("rollback", host.name, "--dry-run")
    assert ended.code == 0
    assert f"--switch-generation {host.generations[-2].number}" in ended.out
    assert "switch-to-configuration test" in ended.out
    assert lab_shell.run("rollback", host.name, "--dry-run", "--json").json["dry_run"] is True
    assert truth(host) == before
    assert lab_shell.run("journal", "--json").json == []


def test_a_revert_is_exit_1_and_says_why(lab_shell: Shell, host: Host) -> None:
    before = truth(host)
    ended = lab_shell.run("rollback", host.name, "--to", f"path:{host.variants['unit-fails']}", "--yes")
    assert ended.code == 1
    assert "reverted" in ended.out
    assert "unit-fails.service" in ended.out
    assert "reverting ✔" in ended.err
    assert truth(host) == before


def test_without_a_terminal_and_without_yes_nothing_is_done(lab_shell: Shell, host: Host) -> None:
    before = truth(host)
    ended = lab_shell.run("rollback", host.name)
    assert ended.code == 5
    assert "--yes" in ended.err
    assert truth(host) == before


def test_read_only_refuses(lab_shell: Shell, host: Host) -> None:
    before = truth(host)
    ended = lab_shell.run("--read-only", "rollback", host.name, "--yes")
    assert ended.code == 5
    assert "read-only" in ended.err
    assert truth(host) == before


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("allow_yes = false", "does not accept --yes"),
        ("read_only = true", "is read-only"),
        ("ask_reason = true", "reason"),
    ],
)
def test_an_environment_may_forbid_it(lab_shell: Shell, host: Host, policy: str, says: str) -> None:
    before = truth(host)
    text = (lab_shell.directory / "nixtui.toml").read_text()
    lab_shell.configure(text + f'\n[environments.lab]\nmatch = "tag:env=lab"\n{policy}\n')
    ended = lab_shell.run("rollback", host.name, "--yes")
    assert ended.code == 5
    assert says in ended.err
    assert truth(host) == before


def test_a_held_lock_is_exit_5_and_names_its_holder(lab_shell: Shell, host: Host) -> None:
    host.set_slow_seconds(8)
    slow = lab_shell.start("rollback", host.name, "--to", f"path:{host.variants['slow']}", "--yes")
    wait_for_activation(host)
    second = lab_shell.run("rollback", host.name, "--to", str(host.generations[0].number), "--yes", "--json")
    # What runs now is not what the profile says, so the plan is made from that; the lock is what stops it.
    assert second.code == 5, second.err
    assert "locked by me@" in second.json["hosts"][0]["detail"]
    assert slow.wait(timeout=60) == 0


def test_several_hosts_one_of_them_unreachable(lab_shell: Shell, hosts: list[Host]) -> None:
    ended = lab_shell.run("rollback", "all", "--yes", "--json")
    assert ended.code == 4, ended.err
    outcomes = {each["name"]: each["outcome"] for each in ended.json["hosts"]}
    assert outcomes.pop("gone") == "unreachable"
    assert set(outcomes.values()) == {"committed"}
    for host in hosts:
        assert truth(host).current == truth(host).boot_default == host.generations[-2].path


def test_an_unreachable_host_is_exit_3(lab_shell: Shell) -> None:
    ended = lab_shell.run("rollback", "gone", "--yes")
    assert ended.code == 3
    assert "refuses connections" in ended.out


def test_a_killed_nixtui_leaves_a_host_that_goes_back_and_a_story(lab_shell: Shell, host: Host) -> None:
    before = truth(host)
    host.set_slow_seconds(60)
    killed = lab_shell.start("rollback", host.name, "--to", f"path:{host.variants['slow']}", "--yes")
    wait_for_activation(host)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    during = lab_shell.run("status", host.name)
    assert "was cut off" in during.err
    assert "goes back by itself in" in during.err
    host.wait_until(
        lambda: truth(host) == before and host.run("test -e /run/nixtui/lock").code == 1,
        within=25,
        what="the host to be back",
    )
    after = lab_shell.run("journal", "--json")
    assert "was cut off" in after.err
    assert "reverted" in after.err
    (entry,) = after.json
    assert entry["outcome"] == "reverted"
    assert "was cut off" not in lab_shell.run("journal").err
    assert leftovers(host) == ""


def test_a_nixtui_killed_during_the_commit_leaves_a_host_that_finishes_it(lab_shell: Shell, host: Host) -> None:
    killed = lab_shell.start("rollback", host.name, "--yes")
    host.wait_until(lambda: host.run("grep -qx commit /run/nixtui/*/verdict").code == 0, what="the commit to begin")
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    older = host.generations[-2]
    host.wait_until(lambda: truth(host).boot_default == older.path and host.run("test -e /run/nixtui/lock").code == 1)
    now = truth(host)
    assert now.current == now.profile == now.boot_default == older.path
    lab_shell.run("status", host.name)
    (entry,) = lab_shell.run("journal", "--json").json
    assert entry["outcome"] == "committed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupting_takes_the_host_back_and_is_exit_130(lab_shell: Shell, host: Host, number: int) -> None:
    before = truth(host)
    host.set_slow_seconds(60)
    process = lab_shell.start("rollback", host.name, "--to", f"path:{host.variants['slow']}", "--yes", "--json")
    wait_for_activation(host)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert '"reverted"' in out
    assert truth(host) == before
