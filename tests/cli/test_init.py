"""`nixtui init`: what it proposes, and when it writes."""

from pathlib import Path

import pytest

from tests.cli.conftest import Shell


@pytest.fixture
def found(shell: Shell, tmp_path: Path) -> Shell:
    home = tmp_path / "somebody"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/config").write_text("Host web-1 db-1\n")
    shell.environ["HOME"] = str(home)
    (shell.directory / "nixtui.toml").unlink(missing_ok=True)
    return shell


def test_yes_writes_what_was_shown_and_it_can_be_used(found: Shell) -> None:
    done = found.run("init", "--yes")
    assert done.code == 0, done.err
    assert (found.directory / "nixtui.toml").read_text() == done.out
    assert "[hosts.web-1]" in done.out and "hosts in ~/.ssh/config: web-1, db-1" in done.err
    assert found.run("config", "check").code == 0


def test_without_a_terminal_and_without_yes_nothing_is_written(found: Shell) -> None:
    done = found.run("init")
    assert done.code == 5 and "--yes" in done.err and "[hosts.web-1]" in done.out
    assert not (found.directory / "nixtui.toml").exists()


def test_a_file_that_is_there_is_a_mistake_to_be_told(found: Shell) -> None:
    found.configure("# mine\n")
    done = found.run("init", "--yes")
    assert done.code == 2 and "never overwritten" in done.err
    assert (found.directory / "nixtui.toml").read_text() == "# mine\n"
    assert found.run("init", "--yes", "--output", "other.toml").code == 0
    assert found.run("init", "--yes", "--output", "no/such/folder.toml").code == 2


def test_json_has_everything_that_was_found(found: Shell) -> None:
    done = found.run("init", "--json")
    assert done.code == 0
    assert done.json["ssh_hosts"] == ["web-1", "db-1"] and done.json["flake"] is None
    assert done.json["file"] == str(found.directory / "nixtui.toml") and "[fleet]" in done.json["proposal"]
