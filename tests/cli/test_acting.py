"""`nixtui run`, `reboot`, `ssh` and `break-lock` on real hosts."""

import pytest

from tests.activation.conftest import truth
from tests.cli.conftest import Shell
from tests.lab.host import Host

pytestmark = pytest.mark.lab


def boot_id(host: Host) -> str:
    return host.sh("cat /proc/sys/kernel/random/boot_id").strip()


def test_equal_answers_are_put_together_the_odd_one_first(lab_shell: Shell, hosts: list[Host]) -> None:
    odd = hosts[1]
    odd.sh("echo odd >/root/flavour")
    names = [host.name for host in hosts]
    ended = lab_shell.run("run", *names, "--yes", "--", "sh", "-c", "cat flavour 2>/dev/null || echo plain")
    assert ended.code == 0, ended.err
    others = " ".join(name for name in names if name != odd.name)
    assert ended.out == f"1 host, exit 0: {odd.name}\n  odd\n2 hosts, exit 0: {others}\n  plain\n"
    (entry,) = lab_shell.run("journal", "--json").json
    assert (entry["kind"], entry["outcome"], entry["targets"]) == ("run", "committed", names)


def test_some_fail_is_exit_4_and_each_says_its_code(lab_shell: Shell, hosts: list[Host]) -> None:
    odd = hosts[2]
    odd.sh("touch /root/broken")
    ended = lab_shell.run("run", "h*", "gone", "--yes", "--json", "--", "sh", "-c", "! ls broken")
    assert ended.code == 4, ended.err
    by_name = {each["name"]: each for each in ended.json["hosts"]}
    assert by_name[odd.name]["exit_code"] == 1
    assert by_name["gone"]["outcome"] == "unreachable" and by_name["gone"]["exit_code"] is None
    assert [group["hosts"] for group in ended.json["groups"]][-1] == [each.name for each in hosts if each is not odd]


def test_every_word_reaches_the_host_as_one_word(lab_shell: Shell, host: Host) -> None:
    word = "a b;$HOME`id`'\"\\ *"
    ended = lab_shell.run("run", host.name, "--yes", "--json", "--", "printf", "%s\n", word, "--yes")
    assert ended.code == 0, ended.err
    assert ended.json["groups"][0]["output"] == [word, "--yes"]


def test_a_command_that_takes_too_long_is_ended_on_the_host(lab_shell: Shell, host: Host) -> None:
    ended = lab_shell.run("run", host.name, "--yes", "--timeout", "2s", "--", "sh", "-c", "sleep 4321 & sleep 4321")
    assert ended.code == 1
    assert "did not end within 2 s and was ended" in ended.out
    host.wait_until(lambda: host.run("pgrep -f 'sleep 432[1]'").code == 1, what="the command to be gone")


def test_a_flood_is_bounded_and_says_what_was_dropped(lab_shell: Shell, host: Host) -> None:
    ended = lab_shell.run("run", host.name, "--yes", "--json", "--", "seq", "200000")
    assert ended.code == 0, ended.err
    output = ended.json["groups"][0]["output"]
    assert output[0] == "1" and output[-1] == "200000"
    assert sum(map(len, output)) < 40_000
    assert any("dropped here" in line for line in output)


def test_root_is_only_had_when_asked_for(lab_shell: Shell, host: Host) -> None:
    configuration = lab_shell.directory / "nixtui.toml"
    text = configuration.read_text().replace(f"[hosts.{host.name}]", f'[hosts.{host.name}]\nuser = "deploy"')
    configuration.write_text(text)
    plain = lab_shell.run("run", host.name, "--yes", "--sudo", "--", "id", "-u")
    assert plain.code == 1 and "[ssh] elevate is none" in plain.out
    configuration.write_text(text.replace('elevate = "none"', 'elevate = "sudo"'))
    assert lab_shell.run("run", host.name, "--yes", "--", "id", "-un").out.splitlines()[-1].strip() == "deploy"
    assert lab_shell.run("run", host.name, "--yes", "--sudo", "--", "id", "-un").out.splitlines()[-1].strip() == "root"
    slow = lab_shell.run("run", host.name, "--yes", "--sudo", "--timeout", "2s", "--", "sleep", "4322")
    assert "was ended" in slow.out
    host.wait_until(lambda: host.run("pgrep -f 'sleep 432[2]'").code == 1, what="root's command to be gone")


def test_hosts_reboot_in_waves_and_are_verified(lab_shell: Shell, hosts: list[Host]) -> None:
    before = {host.name: (boot_id(host), truth(host)) for host in hosts}
    ended = lab_shell.run("reboot", *before, "--yes", "--json", timeout=170)
    assert ended.code == 0, ended.err
    assert {each["outcome"] for each in ended.json["hosts"]} == {"done"}
    assert "wave 3 of 3" in ended.err or "wave 2 of 2" in ended.err
    for host in hosts:
        was, ran = before[host.name]
        assert boot_id(host) != was
        assert truth(host) == ran


def test_a_host_that_would_boot_something_else_says_so_and_comes_back_on_it(lab_shell: Shell, host: Host) -> None:
    older = host.generations[-2]
    host.sh(f"{older.path}/bin/switch-to-configuration test")
    planned = lab_shell.run("reboot", host.name, "--dry-run", "--json")
    (row,) = planned.json["hosts"]
    assert "not on what runs now" in row["warnings"][0]
    ended = lab_shell.run("reboot", host.name, "--yes", timeout=120)
    assert ended.code == 0, ended.err
    assert truth(host).current == host.generations[-1].path


def test_a_unit_that_fails_after_the_reboot_is_a_failure(lab_shell: Shell, host: Host) -> None:
    unit = "[Service]\\nType=oneshot\\nExecStart=false\\n[Install]\\nWantedBy=multi-user.target\\n"
    host.sh(f"printf '{unit}' >/etc/systemd/system/bad.service; systemctl enable bad.service")
    ended = lab_shell.run("reboot", host.name, "--yes", "--json", timeout=120)
    assert ended.code == 1, ended.err
    assert "bad.service" in ended.json["hosts"][0]["detail"]


def test_a_locked_host_is_not_rebooted_until_its_lock_is_broken(lab_shell: Shell, host: Host) -> None:
    before = boot_id(host), truth(host)
    host.set_slow_seconds(100)
    slow = lab_shell.start("rollback", host.name, "--to", f"path:{host.variants['slow']}", "--yes")
    host.wait_until(
        lambda: host.run("grep -qs 'migrating the database' /run/nixtui/*/transcript").code == 0, what="the activation"
    )
    ended = lab_shell.run("reboot", host.name, "--yes")
    assert ended.code == 5 and "locked by me@" in ended.out
    broken = lab_shell.run("break-lock", host.name, "--yes")
    assert broken.code == 0, broken.err
    assert slow.wait(timeout=60) == 1
    assert (boot_id(host), truth(host)) == before


def test_a_host_that_does_not_come_back_is_unknown_and_says_how_to_get_in(lab_shell: Shell, host: Host) -> None:
    process = lab_shell.start("reboot", host.name, "--yes")
    host.wait_until(lambda: not host.is_reachable(), what="the host to go down")
    host.link_down()
    process.send_signal(2)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "unknown" in out and "console" in out


def test_ssh_goes_the_way_nixtui_goes(lab_shell: Shell, host: Host) -> None:
    ended = lab_shell.run("ssh", host.name, "--", "printf", "%s|", "a b", "$HOME")
    assert (ended.code, ended.out) == (0, "a b|$HOME|"), ended.err
    assert lab_shell.run("ssh", host.name, "--", "sh", "-c", "exit 7").code == 7


def test_ssh_refuses_a_host_that_is_not_known(lab_shell: Shell, host: Host) -> None:
    empty = lab_shell.directory / "nobody"
    empty.write_text("")
    configuration = lab_shell.directory / "nixtui.toml"
    text = configuration.read_text().replace('elevate = "none"', f'elevate = "none"\nknown_hosts = ["{empty}"]')
    configuration.write_text(text)
    ended = lab_shell.run("ssh", host.name, "--", "true")
    assert ended.code == 255
    assert "Host key verification failed" in ended.err


def test_ssh_through_a_jump_host_checks_both_keys(lab_shell: Shell, hosts: list[Host]) -> None:
    jump, target, _ = hosts
    configuration = lab_shell.directory / "nixtui.toml"
    text = configuration.read_text().replace('elevate = "none"', f'elevate = "none"\njump = "{jump.name}"')
    configuration.write_text(text)
    ended = lab_shell.run("ssh", target.name, "--", "sh", "-c", "echo $SSH_CONNECTION")
    assert ended.code == 0, ended.err
    assert ended.out.split()[0] == jump.address


def test_without_an_ssh_program_it_says_so(lab_shell: Shell, host: Host) -> None:
    lab_shell.environ["PATH"] = str(lab_shell.directory)
    ended = lab_shell.run("ssh", host.name)
    assert ended.code == 2 and "no ssh program" in ended.err
