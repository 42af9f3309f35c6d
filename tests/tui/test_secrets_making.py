"""Values that nobody types, other names, histories and merges, through the keys of the Secrets screen."""

import subprocess
from pathlib import Path

import pytest
from textual.pilot import Pilot

from nixtui.tui.screens.secret_history import SecretHistoryScreen
from nixtui.tui.screens.secret_merge import SecretMergeScreen
from nixtui.tui.screens.secret_value import ValueDialog
from tests.secrets.conftest import Repo, repo
from tests.tui.screen import line_with, press, shown, until, until_shown, write
from tests.tui.secrets_here import VALUE, confirm, fill, go_to, plain, secrets_app
from tests.tui.test_secrets_editing import until_saved

__all__ = ["repo"]

WEB = "secrets/web.yaml"


@pytest.fixture(autouse=True)
def _filled(repo: Repo) -> None:
    fill(repo)


async def choose(pilot: Pilot[None], what: str) -> None:
    """Press n, and take a kind of value."""
    await press(pilot, "n")
    await until_shown(pilot, "New value of")
    await write(pilot, what)
    await press(pilot, "enter")


async def test_a_password_is_made_and_nobody_sees_it(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await choose(pilot, "password")
        await until_shown(pilot, "● will be set")
        assert app.screen is screen
        await press(pilot, "ctrl+s")
        await confirm(pilot, "set db/password")
        await until_saved(pilot, screen)
        made = plain(repo, WEB)["db"]["password"]
        assert len(made) == 32 and made.isalnum() and made != VALUE
        assert made not in shown(app)


async def test_of_a_key_pair_the_public_half_is_told(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "tls/key")
        await choose(pilot, "SSH key")
        await until_shown(pilot, "Its public half is ssh-ed25519")
        await press(pilot, "ctrl+s")
        await confirm(pilot, "set tls/key")
        await until_saved(pilot, screen)
        assert plain(repo, WEB)["tls"]["key"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
        assert "PRIVATE" not in shown(app)


async def test_a_hash_is_made_of_a_password_that_is_typed(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await choose(pilot, "hashed")
        await until(pilot, lambda: isinstance(app.screen, ValueDialog))
        await write(pilot, "hunter2")
        await press(pilot, "enter")
        await until_shown(pilot, "Hashed with")
        await press(pilot, "ctrl+s")
        await confirm(pilot, "set db/password")
        await until_saved(pilot, screen)
        assert plain(repo, WEB)["db"]["password"].startswith("$")


async def test_a_key_gets_another_name_and_keeps_its_value(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await press(pilot, "N", "end")
        await write(pilot, "2")
        await until_shown(pilot, "→ db/password2")
        await press(pilot, "enter")
        await until_shown(pilot, "● 2 unsaved")
        assert "● new" in line_with(app, "db/password2")
        await press(pilot, "ctrl+s")
        await until_shown(pilot, "delete db/password")
        await confirm(pilot, "new db/password2")
        await until_saved(pilot, screen)
        assert plain(repo, WEB)["db"] == {"password2": VALUE, "port": 5432}
        await go_to(pilot, screen, WEB, "db/port")
        await press(pilot, "N", "end")
        for _ in "port":
            await press(pilot, "backspace")
        await write(pilot, "password2")
        await until_shown(pilot, "there is one already")


def git(repo: Repo, *words: str, check: bool = True) -> None:
    environ = {**repo.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    who = ("-c", "user.name=Mara", "-c", "user.email=mara@shop.example", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *words], cwd=repo.root, env=environ, check=check, capture_output=True)


def committed(repo: Repo) -> None:
    (repo.root / ".git").rmdir()
    git(repo, "init")
    git(repo, "add", ".")
    git(repo, "commit", "-m", "the first")


def sops_set(repo: Repo, key: str, value: str) -> None:
    repo.sops("set", str(repo.root / WEB), key, value)


async def test_the_history_of_a_key_and_of_a_file_has_no_values(repo: Repo) -> None:
    committed(repo)
    sops_set(repo, '["db"]["password"]', '"another"')
    git(repo, "commit", "-am", "password of the database")
    sops_set(repo, '["hosts"][0]["token"]', '"third"')
    git(repo, "commit", "-am", "token")
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await press(pilot, "h")
        await until(pilot, lambda: isinstance(app.screen, SecretHistoryScreen))
        await until_shown(pilot, "~ db/password  changed  str medium → str short")
        assert "password of the database" in shown(app) and "the first" in shown(app)
        assert "token" not in shown(app) and VALUE not in shown(app) and "another" not in shown(app)
        await press(pilot, "c")
        assert len(app.clipboard) == 40
        await press(pilot, "j")
        await until_shown(pilot, "+ db/password  added  str medium")
        await press(pilot, "escape", "escape", "left", "h")
        await until(pilot, lambda: isinstance(app.screen, SecretHistoryScreen))
        await until_shown(pilot, "~ hosts  changed")


async def test_where_git_has_nothing_it_says_so(repo: Repo) -> None:
    async with secrets_app(repo) as (_, pilot, screen):
        await go_to(pilot, screen, WEB)
        await press(pilot, "h")
        await until_shown(pilot, "git has no history of it here")


def conflict(repo: Repo) -> Path:
    committed(repo)
    git(repo, "checkout", "-b", "theirs")
    sops_set(repo, '["db"]["password"]', '"theirs-pw"')
    sops_set(repo, '["hosts"][1]["token"]', '"their-token"')
    git(repo, "commit", "-am", "theirs")
    git(repo, "checkout", "main")
    sops_set(repo, '["db"]["password"]', '"our-pw"')
    git(repo, "commit", "-am", "ours")
    git(repo, "merge", "theirs", check=False)
    assert "<<<<<<<" in (repo.root / WEB).read_text()
    return repo.root / WEB


async def test_a_file_with_conflict_markers_is_merged_key_by_key(repo: Repo) -> None:
    path = conflict(repo)
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, "secrets/db.yaml")
        await press(pilot, "m")
        await until_shown(pilot, "secrets/db.yaml has no conflict markers")
        await go_to(pilot, screen, WEB)
        await until_shown(pilot, "conflict markers")
        await press(pilot, "m")
        await until(pilot, lambda: isinstance(app.screen, SecretMergeScreen))
        await until_shown(pilot, "✖ undecided")
        assert "✔ theirs" in line_with(app, "hosts")
        assert not any(each in shown(app) for each in ("our-pw", "theirs-pw", "their-token"))
        await press(pilot, "ctrl+s")
        await until_shown(pilot, "undecided: db/password")
        await press(pilot, "t")
        await until_shown(pilot, "● theirs")
        await press(pilot, "o")
        await until_shown(pilot, "● ours")
        await press(pilot, "ctrl+s")
        await confirm(pilot, "ours: db/password")
        await until(pilot, lambda: app.screen is screen, "back")
        await until(pilot, lambda: "<<<<<<<" not in path.read_text())
        found = plain(repo, WEB)
        assert (found["db"]["password"], found["hosts"][1]["token"]) == ("our-pw", "their-token")
        await until(pilot, lambda: screen._rows[WEB].file.problem is None, "read anew")


async def test_a_file_is_created_by_its_rule_and_undone(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB)
        await press(pilot, "C")
        await write(pilot, "web.yaml")
        await until_shown(pilot, "it is there already")
        await press(pilot, "enter")
        await until_shown(pilot, "the file is there already")
        await press(pilot, "C")
        await write(pilot, "new.yaml")
        await press(pilot, "enter")
        await until_shown(pilot, "first key of secrets/new.yaml")
        await write(pilot, "mail/password")
        await until_shown(pilot, "→ new")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, ValueDialog))
        await write(pilot, VALUE)
        await press(pilot, "enter")
        await confirm(pilot, "Create secrets/new.yaml")
        await until(pilot, lambda: "secrets/new.yaml" in screen._rows and app.screen is screen, "the file")
        assert plain(repo, "secrets/new.yaml") == {"mail": {"password": VALUE}}
        assert VALUE not in shown(app)
        await go_to(pilot, screen, "secrets/new.yaml")
        await press(pilot, "U")
        await confirm(pilot, "Undo the change of secrets/new.yaml")
        await until(pilot, lambda: "secrets/new.yaml" not in screen._rows, "away again")
        await press(pilot, "C")
        for _ in "secrets/":
            await press(pilot, "backspace")
        await write(pilot, "elsewhere.yaml")
        await press(pilot, "enter")
        await until_shown(pilot, "no rule of .sops.yaml is for this file")
