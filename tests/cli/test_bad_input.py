"""Bad input gets one clear sentence with the remedy and its exit status. Nothing here needs a host."""

import pytest

from tests.cli.conftest import Shell


def test_without_a_terminal_the_app_names_the_commands_that_work(shell: Shell) -> None:
    for arguments in ([], ["demo"]):
        ended = shell.run(*arguments)
        assert ended.code == 2
        assert "nixtui status" in ended.err
        assert ended.out == ""


def test_a_misspelt_key_is_named_with_its_line_and_remedy(shell: Shell) -> None:
    shell.configure('[hosts.web-1]\nadress = "10.0.0.1"\n')
    ended = shell.run("status")
    assert ended.code == 2
    assert 'nixtui.toml:2: hosts.web-1.adress: unknown key, did you mean "address"?' in ended.err


def test_config_check_tells_everything_at_once(shell: Shell) -> None:
    shell.configure('[hosts.web-1]\nadress = "10.0.0.1"\nport = "22"\n')
    ended = shell.run("config", "check")
    assert ended.code == 2
    assert len(ended.out.splitlines()) == 2


def test_config_show_prints_what_is_in_force(shell: Shell) -> None:
    shell.configure('[fleet]\nname = "shop"\n')
    ended = shell.run("config", "show")
    assert ended.code == 0
    assert 'name = "shop"' in ended.out
    assert "revert_after" in ended.out


def test_a_selector_that_matches_nothing_proposes_what_was_meant(shell: Shell) -> None:
    shell.configure('[fleet]\nsources = ["file"]\n[hosts.web-1]\naddress = "127.0.0.1"\nport = 1\n')
    ended = shell.run("status", "web-2")
    assert ended.code == 2
    assert 'did you mean "web-1"?' in ended.err


@pytest.mark.parametrize("selector", ["tag:", "is:nonsense", "gen:x", "colour:red", ""])
def test_a_selector_that_does_not_parse_is_exit_2(shell: Shell, selector: str) -> None:
    shell.configure('[fleet]\nsources = ["file"]\n[hosts.web-1]\n')
    assert shell.run("status", selector).code == 2


@pytest.mark.parametrize("target", ["yesterday", "rev:x", "path:/etc", "@25:99", "-1", "$(reboot)"])
def test_a_target_that_does_not_parse_is_exit_2(shell: Shell, target: str) -> None:
    shell.configure('[fleet]\nsources = ["file"]\n[hosts.web-1]\naddress = "127.0.0.1"\nport = 1\n')
    ended = shell.run("rollback", "web-1", f"--to={target}", "--yes")
    assert ended.code == 2
    assert "write" in ended.err


def test_no_hosts_at_all_says_what_to_do(shell: Shell) -> None:
    ended = shell.run("status")
    assert ended.code == 2
    assert "[hosts.NAME]" in ended.err


def test_an_unknown_operation_is_exit_2(shell: Shell) -> None:
    assert shell.run("journal", "ffff").code == 2


def test_a_journal_that_cannot_be_opened_stops_nothing_from_being_read(shell: Shell) -> None:
    shell.environ["XDG_STATE_HOME"] = "/dev/null/nowhere"
    shell.configure('[fleet]\nsources = ["file"]\n[hosts.web-1]\naddress = "127.0.0.1"\nport = 1\n')
    ended = shell.run("status", "--json")
    assert ended.code == 3
    assert ended.json[0]["state"] == "unreachable"


def test_several_selectors_that_are_no_names_have_to_be_joined(shell: Shell) -> None:
    shell.configure('[fleet]\nsources = ["file"]\n[hosts.web-1]\n[hosts.web-2]\n')
    ended = shell.run("rollback", "web-*", "is:failed", "--yes")
    assert ended.code == 2
    assert '"web-* is:failed" means hosts that match all' in ended.err
    assert '"web-*,is:failed" those that match any' in ended.err
