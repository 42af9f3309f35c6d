"""The Secrets screen through keys, on real sops and age files: looking around, revealing, and recipients."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from nixtui.tui import secret_acts
from nixtui.tui.screens import secrets as secrets_screen
from tests.secrets.conftest import Repo, repo
from tests.tui.screen import SIZES, line_with, press, shown, until, until_shown, write
from tests.tui.secrets_here import VALUE, confirm, fill, go_to, journal, plain, secrets_app

__all__ = ["repo"]


@pytest.fixture(autouse=True)
def _filled(repo: Repo) -> None:
    fill(repo)


@pytest.mark.parametrize("size", SIZES)
async def test_files_and_keys_are_there_without_any_key_and_nothing_is_decrypted(
    repo: Repo, size: tuple[int, int]
) -> None:
    async with secrets_app(repo, size=size, environ={"SOPS_AGE_KEY_FILE": ""}) as (app, pilot, screen):
        await until_shown(pilot, "token.age")
        assert "✖" in line_with(app, "broken.yaml")
        assert "≠ readers −1" in line_with(app, "db.yaml")
        assert "○ not yours" in line_with(app, "web.yaml")
        await go_to(pilot, screen, "secrets/web.yaml")
        await until_shown(pilot, "read by mara, ben")
        await press(pilot, "enter")
        await until_shown(pilot, "db/password")
        assert "medium" in line_with(app, "db/password") and "••••••••" in line_with(app, "db/password")
        assert "int" in line_with(app, "db/port")
        assert "in plaintext" in line_with(app, "open_unencrypted")
        assert "clear" not in shown(app)
        await press(pilot, "v")
        await until_shown(pilot, "no key that opens this file was found")
        assert VALUE not in shown(app)


async def test_where_there_are_no_secrets_it_says_what_to_do(tmp_path: Path, repo: Repo) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    repo.root = empty
    async with secrets_app(repo) as (app, pilot, _):
        await until_shown(pilot, "There are no secrets in")
        assert "sops encrypt -i" in shown(app) and "looks again" in shown(app)
        await press(pilot, "v")
        await until_shown(pilot, "v reveal: the list is empty")


async def test_a_broken_file_says_why_and_what_to_do(repo: Repo) -> None:
    async with secrets_app(repo) as (_, pilot, screen):
        await go_to(pilot, screen, "secrets/broken.yaml")
        await until_shown(pilot, "→ encrypt it with sops first")
        await press(pilot, "enter", "v")
        await until_shown(pilot, "secrets/broken.yaml cannot be read")
        await press(pilot, "e")
        await until_shown(pilot, "e edit: secrets/broken.yaml cannot be read")


async def test_going_about(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, "secrets/web.yaml")
        await press(pilot, "right")
        assert screen.table is screen._key_table
        assert "secrets/web.yaml" in shown(app).splitlines()[0]
        await press(pilot, "slash")
        await write(pilot, "tok")
        await until_shown(pilot, "2 shown")
        await press(pilot, "enter")
        assert "hosts/0/token" in shown(app) and "db/password" not in shown(app)
        await press(pilot, "escape")
        await until_shown(pilot, "db/password")
        await press(pilot, "left")
        assert screen.table is screen._files
        await press(pilot, "slash")
        await write(pilot, "json")
        await until(pilot, lambda: screen._files.order == ("secrets/theirs.json",))
        await press(pilot, "escape")
        await until(pilot, lambda: len(screen._files.order) == 7)
        await press(pilot, "z")
        assert screen._files.order == ("secrets/broken.yaml", "secrets/db.yaml", "secrets/theirs.json")
        await press(pilot, "escape", "enter")
        assert screen._in_keys
        await press(pilot, "escape", "escape")
        await until(pilot, lambda: app.screen is app.fleet_screen, "the fleet")
        await press(pilot, "minus")
        await until(pilot, lambda: app.screen is screen, "the last view")
        await write(pilot, ":secrets")
        await press(pilot, "enter")
        assert app.screen is screen
        await press(pilot, "question_mark")
        await until_shown(pilot, "a key that is not there yet")


async def test_the_mouse_goes_from_list_to_list_and_opens(repo: Repo) -> None:
    async with secrets_app(repo) as (_, pilot, screen):
        row = screen._files.order.index("secrets/web.yaml")
        await pilot.click("#secret-files", offset=(5, row + 2))
        await until(pilot, lambda: screen.file is not None and screen.file.name == "secrets/web.yaml")
        await pilot.click("#secret-keys", offset=(5, 3))
        await until(pilot, lambda: screen._in_keys and screen.key is not None)
        assert screen.key is not None and screen.key.path == ("db", "port")


async def test_copies_are_names_and_commands_never_values(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, "secrets/web.yaml", "db/password")
        await press(pilot, "c")
        assert app.clipboard == "db/password"
        await press(pilot, "y")
        assert shlex.split(app.clipboard) == ["nixtui", "secrets", "show", "secrets/web.yaml", "db/password"]
        await press(pilot, "Y")
        await until_shown(pilot, "clipboard = true in [secrets]")
        assert app.clipboard.startswith("nixtui")


# One value in sight


async def test_a_value_is_shown_with_a_countdown_and_goes_by_itself(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets_screen, "REVEALED_S", 3.0)
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, "secrets/web.yaml", "db/password")
        await press(pilot, "v")
        await until_shown(pilot, VALUE)
        assert "hidden in " in shown(app)
        await until_shown(pilot, "hidden in 1 s")
        assert VALUE in shown(app)
        await until(pilot, lambda: VALUE not in shown(app), "hidden")
        assert not app.session.exposure.is_any and not screen.is_revealing
        await until_shown(pilot, "About the file")


async def test_values_of_several_lines_and_age_files(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, "secrets/web.yaml", "tls/key")
        await press(pilot, "v")
        await until_shown(pilot, "-----END KEY-----")
        await until_shown(pilot, "abcdef")
        await press(pilot, "escape", "escape")
        await go_to(pilot, screen, "token.age")
        await press(pilot, "v")
        await until_shown(pilot, "tok-123")
        await press(pilot, "escape")
        await go_to(pilot, screen, "secrets/blob.bin")
        await press(pilot, "enter", "v")
        await until_shown(pilot, "not UTF-8")
        assert "\x00" not in shown(app) and "\x01" not in shown(app)


async def _blur(pilot: Pilot[None]) -> None:
    pilot.app.post_message(events.AppBlur())


async def _resize(pilot: Pilot[None]) -> None:
    await pilot.resize_terminal(130, 42)


async def _suspend(pilot: Pilot[None]) -> None:
    pilot.app._suspend_signal()


async def _picture(pilot: Pilot[None]) -> None:
    assert VALUE not in pilot.app.export_screenshot()


def _keys(*keys: str) -> Callable[[Pilot[None]], object]:
    async def pressed(pilot: Pilot[None]) -> None:
        await press(pilot, *keys)

    return pressed


HIDES = {
    "blur": _blur, "resize": _resize, "suspend": _suspend, "picture": _picture, "esc": _keys("escape"),
    "moving": _keys("j"), "another screen": _keys("1"), "a dialog": _keys("question_mark"), "tab": _keys("tab"),
    "the files": _keys("left"), "editing": _keys("e"),
}  # fmt: skip


@pytest.mark.parametrize("what", HIDES)
async def test_everything_hides_a_value(repo: Repo, what: str) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, "secrets/web.yaml", "db/password")
        await press(pilot, "v")
        await until_shown(pilot, VALUE)
        await HIDES[what](pilot)
        await until(pilot, lambda: VALUE not in shown(app) and not screen.is_revealing, what)
        assert screen._revealed._rows == [] and screen._revealed._value is None


async def test_a_value_that_comes_when_one_has_gone_elsewhere_is_not_shown(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, "secrets/web.yaml", "db/password")
        await press(pilot, "v", "1")
        await until(pilot, lambda: not any(each.group == "act" and each.is_running for each in app.workers))
        assert not screen.is_revealing and not app.session.exposure.is_any
        await press(pilot, "5")
        await go_to(pilot, screen, "secrets/web.yaml", "db/password")
        await _blur(pilot)
        screen.perform_soon(secret_acts.reveal, doing="Revealing")
        await until(pilot, lambda: not any(each.group == "act" and each.is_running for each in app.workers))
        assert not screen.is_revealing


async def test_nothing_is_copied_while_a_value_is_shown(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, "secrets/web.yaml", "db/password")
        await press(pilot, "c", "v")
        await until_shown(pilot, VALUE)
        app.copy_to_clipboard(VALUE)
        await until_shown(pilot, "Nothing is copied or exported while a secret is shown")
        await press(pilot, "y")
        assert app.clipboard == "db/password"


async def test_a_copied_value_is_cleared(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = {"secrets": {"clipboard": True, "clear_after": "1s"}}
    sent: list[str] = []
    async with secrets_app(repo, configuration=allowed) as (app, pilot, screen):
        assert app._driver is not None
        before = app._driver.write
        monkeypatch.setattr(app._driver, "write", lambda text: (sent.append(text), before(text)))
        await go_to(pilot, screen, "secrets/web.yaml", "db/password")
        await press(pilot, "Y")
        await until_shown(pilot, "it is cleared in 1 s")
        assert app.clipboard == "" and VALUE not in shown(app)
        (put,) = [each for each in sent if each.startswith("\x1b]52;c;") and len(each) > 9]
        await until(pilot, lambda: "\x1b]52;c;\x07" in "".join(sent), "cleared")
        sent.clear()
        await press(pilot, "Y")
        await until(pilot, lambda: put in sent)
        app.exit()
        assert "\x1b]52;c;\x07" in "".join(sent)


# Recipients


async def test_who_reads_what_and_files_are_brought_to_their_rules(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await press(pilot, "tab")
        await until_shown(pilot, "Who reads what")
        assert "mara (you)" in line_with(app, "FILE") and "ben" in line_with(app, "FILE")
        assert "●" in line_with(app, "secrets/db.yaml") and "−" in line_with(app, "secrets/db.yaml")
        assert "+" in line_with(app, "secrets/theirs.json")
        screen._matrix.go_to("secrets/db.yaml")
        await until_shown(pilot, "ben reads it and should not")
        await press(pilot, "space", "u")
        await until_shown(pilot, "ben can read old copies of these files for ever")
        await confirm(pilot, "Update recipients of secrets/db.yaml")
        await until(pilot, lambda: "✔ none" in line_with(app, "secrets/db.yaml"), "no drift")
        assert repo.other.public not in (repo.root / "secrets/db.yaml").read_text()
        assert "secrets-updatekeys" in await journal(app)
        before = (repo.root / "secrets/db.yaml").read_text()
        await press(pilot, "R")
        await confirm(pilot, "New data keys for secrets/db.yaml")
        await until(pilot, lambda: (repo.root / "secrets/db.yaml").read_text() != before, "rotated")
        assert plain(repo, "secrets/db.yaml") == {"root": "s3cr3t"}
        await press(pilot, "M", "tab")
        await until_shown(pilot, "Files")
        assert not screen.marked


async def test_another_choice_of_values_is_followed_by_encrypting_anew(repo: Repo) -> None:
    rules = repo.root / ".sops.yaml"
    rules.write_text(
        rules.read_text().replace("age: " + repo.me.public, f"unencrypted_regex: ^DEBUG$\n  age: {repo.me.public}")
    )
    async with secrets_app(repo) as (_, pilot, screen):
        await go_to(pilot, screen, "secrets/app.env")
        await until_shown(pilot, "E encrypts it anew by its rule")
        await press(pilot, "E")
        await until_shown(pilot, "DEBUG would be in plaintext")
        await press(pilot, "escape")
        rules.write_text(rules.read_text().replace("unencrypted_regex: ^DEBUG$", "encrypted_regex: ."))
        await press(pilot, "ctrl+r", "E")
        await confirm(pilot, "Encrypt anew secrets/app.env")
        await until(pilot, lambda: not screen._rows["secrets/app.env"].is_problem, "as its rule")
        assert plain(repo, "secrets/app.env") == {"API_KEY": "abc", "DEBUG": "1"}


async def test_what_would_lock_me_out_is_refused(repo: Repo) -> None:
    rules = repo.root / ".sops.yaml"
    rules.write_text(rules.read_text().replace("[{age: [*mara]}]", "[{age: [*ben]}]"))
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, "secrets/db.yaml")
        await press(pilot, "u")
        await until_shown(pilot, "you could not read it any more")
        await press(pilot, "right", "enter")
        assert "Not started" in shown(app) or "nothing to do" in shown(app)
        assert repo.other.public in (repo.root / "secrets/db.yaml").read_text()


async def test_read_only_looks_and_changes_nothing(repo: Repo) -> None:
    async with secrets_app(repo, read_only=True) as (app, pilot, screen):
        await go_to(pilot, screen, "secrets/web.yaml", "db/password")
        for key in ("e", "a", "D", "ctrl+s", "U", "u", "R"):
            await press(pilot, key)
            await until_shown(pilot, "nixtui runs read-only")
            app.session.dismiss_notice()
        assert app.screen is screen and not screen.pending
        await press(pilot, "v")
        await until_shown(pilot, VALUE)
