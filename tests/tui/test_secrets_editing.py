"""Changing secrets on the screen: several edits become one change, guarded, undone, and never at another's expense."""

import pytest
from textual import events
from textual.pilot import Pilot

from nixtui.tui.screens import secret_value
from nixtui.tui.screens.secret_value import ValueDialog
from nixtui.tui.screens.secrets import SecretsScreen
from tests.secrets.conftest import Repo, repo
from tests.tui.screen import line_with, press, shown, until, until_shown, write
from tests.tui.secrets_here import VALUE, age_value, confirm, fill, go_to, journal, plain, secrets_app

__all__ = ["repo"]

WEB = "secrets/web.yaml"


@pytest.fixture(autouse=True)
def _filled(repo: Repo) -> None:
    fill(repo)


async def editor(pilot: Pilot[None], key: str = "e") -> ValueDialog:
    await press(pilot, key)
    await until(pilot, lambda: isinstance(pilot.app.screen, ValueDialog), "the editor")
    dialog = pilot.app.screen
    assert isinstance(dialog, ValueDialog)
    await until_shown(pilot, "hidden")
    return dialog


async def type_value(pilot: Pilot[None], text: str) -> None:
    """As typed into the editor, and kept."""
    await editor(pilot)
    await write(pilot, text)
    await press(pilot, "enter")


def lines(repo: Repo, name: str = WEB) -> list[str]:
    """The ciphertext, without what every change touches."""
    return [each for each in (repo.root / name).read_text().splitlines() if "lastmodified" not in each]


async def until_saved(pilot: Pilot[None], screen: SecretsScreen) -> None:
    await until(pilot, lambda: not any(each.edits for each in screen.pending.values()), "saved")
    await until(pilot, lambda: pilot.app.screen is screen, "back on the screen")


async def test_several_edits_are_one_change_of_exactly_these_keys(repo: Repo) -> None:
    before = lines(repo)
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await type_value(pilot, "new-one-99")
        await until_shown(pilot, "● will be set")
        assert "new-one-99" not in shown(app)
        await go_to(pilot, screen, WEB, "tls/key")
        await press(pilot, "D")
        await until_shown(pilot, "● will be dele")
        await go_to(pilot, screen, WEB, "db/port")
        await press(pilot, "a")
        await write(pilot, "user")
        await until_shown(pilot, "→ new")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, ValueDialog))
        await write(pilot, "shop")
        await press(pilot, "enter")
        await until_shown(pilot, "● 3 unsaved")
        assert "db/user" in line_with(app, "● new")
        assert (repo.root / WEB).read_text().splitlines() != before and lines(repo) == before
        await press(pilot, "ctrl+s")
        await until_shown(pilot, "set db/password")
        await until_shown(pilot, "delete tls/key")
        assert "new db/user" in shown(app) and "new-one-99" not in shown(app)
        await confirm(pilot, f"Save {WEB}")
        await until_saved(pilot, screen)
        found = plain(repo, WEB)
        assert found["db"] == {"password": "new-one-99", "port": 5432, "user": "shop"} and found["tls"] == {}
        kept = [each for each in before if "token" in each]
        assert [each for each in lines(repo) if "token" in each] == kept
        recorded = await journal(app)
        assert "db/password" in recorded and "new-one-99" not in recorded and VALUE not in recorded


async def test_cancelling_saves_nothing_and_keeps_the_edits(repo: Repo) -> None:
    before = (repo.root / WEB).read_bytes()
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        dialog = await editor(pilot)
        await write(pilot, "typed")
        await press(pilot, "escape")
        assert not screen.pending and dialog._area.text == ""
        await type_value(pilot, "other")
        await press(pilot, "ctrl+s")
        await until_shown(pilot, "set db/password")
        await press(pilot, "enter")
        await until(pilot, lambda: app.screen is screen)
        await until_shown(pilot, "● 1 unsaved")
        assert (repo.root / WEB).read_bytes() == before


async def test_undo_and_redo_before_saving_and_undo_after(repo: Repo) -> None:
    before = (repo.root / WEB).read_bytes()
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await press(pilot, "U")
        await until_shown(pilot, "nothing was changed here")
        await type_value(pilot, "one")
        await until_shown(pilot, "● will be set")
        await press(pilot, "U")
        await until_shown(pilot, "Took back the edit of db/password")
        assert "● will be set" not in shown(app)
        await press(pilot, "ctrl+y")
        await until_shown(pilot, "● will be set")
        await press(pilot, "ctrl+s")
        await confirm(pilot, "set db/password")
        await until_saved(pilot, screen)
        assert plain(repo, WEB)["db"]["password"] == "one"
        await until_shown(pilot, ": done")
        await press(pilot, "U")
        await confirm(pilot, f"Undo the change of {WEB}")
        await until(pilot, lambda: (repo.root / WEB).read_bytes() == before, "as it was")
        await until(pilot, lambda: app.screen is screen)
        assert "secrets-undo" in await journal(app)


async def test_what_is_there_is_dots_until_it_is_asked_for_and_after_a_while(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_value, "REVEALED_S", 1.5)
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await editor(pilot)
        assert VALUE not in shown(app) and "•" * len(VALUE) not in shown(app)  # dots would tell its length
        await press(pilot, "ctrl+o")
        await until_shown(pilot, VALUE)
        await until(pilot, lambda: VALUE not in shown(app), "hidden again")
        await press(pilot, "ctrl+o")
        await until_shown(pilot, VALUE)
        app.post_message(events.AppBlur())
        await until(pilot, lambda: VALUE not in shown(app), "hidden again")
        await press(pilot, "end", "x", "enter")
        await press(pilot, "ctrl+s")
        await confirm(pilot, "set db/password")
        await until_saved(pilot, screen)
        assert plain(repo, WEB)["db"]["password"] == VALUE + "x"


async def test_keeping_what_was_not_touched_is_no_edit(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await editor(pilot)
        await press(pilot, "enter")
        assert app.screen is screen and not screen.pending


async def test_several_lines(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "tls/key")
        await editor(pilot)
        await press(pilot, "ctrl+o")
        await until_shown(pilot, "abcdef")
        await write(pilot, "last")
        await press(pilot, "enter")
        await write(pilot, "line")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: app.screen is screen)
        await go_to(pilot, screen, WEB, "db/password")
        await editor(pilot)
        await press(pilot, "ctrl+n")
        await until_shown(pilot, "one line")
        await write(pilot, "a")
        await press(pilot, "enter")
        await write(pilot, "b")
        await press(pilot, "ctrl+s", "ctrl+s")
        await confirm(pilot, "set tls/key")
        await until_saved(pilot, screen)
        found = plain(repo, WEB)
        assert found["tls"]["key"].endswith("-----END KEY-----\nlast\nline") and found["db"]["password"] == "a\nb"


async def test_pasting_lines_makes_lines(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await editor(pilot)
        app.post_message(events.Paste("one\ntwo"))
        await until_shown(pilot, "2 lines")
        await press(pilot, "ctrl+s", "ctrl+s")
        await confirm(pilot, "set db/password")
        await until_saved(pilot, screen)
        assert plain(repo, WEB)["db"]["password"] == "one\ntwo"


async def test_numbers_stay_numbers_after_an_objection_and_text_can_be_had(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/port")
        await type_value(pilot, "5433")
        await until_shown(pilot, "sops-nix refuses db/port when the host activates")
        await press(pilot, "enter")
        assert app.screen is screen and not screen.pending
        await type_value(pilot, "5433")
        await until_shown(pilot, "▸ Go back ◂")
        await press(pilot, "right", "enter")
        await until_shown(pilot, "● will be set")
        await press(pilot, "ctrl+s")
        await confirm(pilot, "set db/port")
        await until_saved(pilot, screen)
        assert plain(repo, WEB)["db"]["port"] == 5433
        await editor(pilot)
        await press(pilot, "ctrl+t")
        await write(pilot, "1")
        await press(pilot, "enter", "ctrl+s")
        await confirm(pilot, "set db/port")
        await until_saved(pilot, screen)
        assert plain(repo, WEB)["db"]["port"] == "1"


async def test_guards_are_heard_with_their_remedy(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await press(pilot, "a")
        for _ in "db/":
            await press(pilot, "backspace")
        await write(pilot, "sops/x")
        await until_shown(pilot, "where sops keeps its own block")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, ValueDialog))
        await write(pilot, "v")
        await press(pilot, "enter")
        await until_shown(pilot, "→ choose another name")
        assert "Do it all the same" not in shown(app)
        await press(pilot, "enter", "a")
        for _ in "db/":
            await press(pilot, "backspace")
        await write(pilot, "x_unencrypted")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, ValueDialog))
        await write(pilot, "v")
        await press(pilot, "enter")
        await until_shown(pilot, "would be stored in plaintext")
        assert "--allow" not in shown(app)
        await press(pilot, "escape")
        assert app.screen is screen and not any(each.edits for each in screen.pending.values())


async def test_a_file_changed_beneath_is_told_and_neither_change_is_lost(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await type_value(pilot, "mine")
        await until_shown(pilot, "● will be set")
        repo.sops("set", str(repo.root / WEB), '["hosts"][0]["token"]', '"theirs"')
        await press(pilot, "ctrl+s")
        await until_shown(pilot, "the file is not the one you looked at any more")
        await press(pilot, "enter", "ctrl+r")
        await until_shown(pilot, "! somebody else changed the file since")
        assert "as well" not in shown(app) and "● 1 unsaved" in shown(app)
        await press(pilot, "ctrl+s")
        await confirm(pilot, "set db/password")
        await until_saved(pilot, screen)
        found = plain(repo, WEB)
        assert (found["db"]["password"], found["hosts"][0]["token"]) == ("mine", "theirs")


async def test_a_key_that_both_changed_is_named(repo: Repo) -> None:
    async with secrets_app(repo) as (_, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await type_value(pilot, "mine")
        await until_shown(pilot, "● will be set")
        repo.sops("set", str(repo.root / WEB), '["db"]["password"]', '"theirs"')
        await press(pilot, "ctrl+r")
        await until_shown(pilot, "was changed by somebody else; your unsaved edits stay")
        await until_shown(pilot, "since, and db/password as well, which saving overwrites")


async def test_undo_of_a_file_that_was_changed_since_says_so(repo: Repo) -> None:
    async with secrets_app(repo) as (_, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await type_value(pilot, "mine")
        await press(pilot, "ctrl+s")
        await confirm(pilot, "set db/password")
        await until_saved(pilot, screen)
        repo.sops("set", str(repo.root / WEB), '["hosts"][0]["token"]', '"theirs"')
        await until_shown(pilot, ": done")
        await press(pilot, "U")
        await confirm(pilot, f"Undo the change of {WEB}")
        await until_shown(pilot, "the file was changed after your change")
        assert plain(repo, WEB)["hosts"][0]["token"] == "theirs"


async def test_places_of_a_list_do_not_move_under_an_edit(repo: Repo) -> None:
    async with secrets_app(repo) as (_, pilot, screen):
        await go_to(pilot, screen, WEB, "hosts/0/token")
        screen.pending.clear()
        await press(pilot, "D")
        await go_to(pilot, screen, WEB, "hosts/1/token")
        await press(pilot, "D", "ctrl+s")
        await confirm(pilot, "delete hosts/1/token")
        await until_saved(pilot, screen)
        assert plain(repo, WEB)["hosts"] == [{}, {}]


async def test_age_files_are_edited_and_undone_as_one_value(repo: Repo) -> None:
    path = repo.root / "token.age"
    before = path.read_bytes()
    async with secrets_app(repo) as (_, pilot, screen):
        await go_to(pilot, screen, "token.age")
        await press(pilot, "a")
        await until_shown(pilot, "the file is one value")
        await editor(pilot)
        await press(pilot, "ctrl+n")
        await write(pilot, "new")
        await press(pilot, "ctrl+s")
        await until_shown(pilot, "not saved: another value")
        await press(pilot, "ctrl+s")
        await confirm(pilot, "Save token.age")
        await until_saved(pilot, screen)
        assert age_value(repo, path) == b"new"
        await until_shown(pilot, ": done")
        await press(pilot, "U")
        await confirm(pilot, "Undo the change of token.age")
        await until(pilot, lambda: path.read_bytes() == before)


async def test_what_an_editor_would_spoil_is_not_edited_here(repo: Repo) -> None:
    async with secrets_app(repo) as (_, pilot, screen):
        await go_to(pilot, screen, "secrets/blob.bin", "data")
        await press(pilot, "e")
        await until_shown(pilot, "the value is not UTF-8")
        await until_shown(pilot, "nixtui secrets set secrets/blob.bin < FILE")


async def test_what_fails_is_told_and_the_edits_stay(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await type_value(pilot, "mine")
        await until_shown(pilot, "● will be set")
        await press(pilot, "ctrl+s")
        await until_shown(pilot, "set db/password")
        repo.me.file.unlink()
        await press(pilot, "escape", "ctrl+s")
        await confirm(pilot, "set db/password")
        await until_shown(pilot, "failed")
        assert screen.pending[WEB].edits and "● 1 unsaved" in shown(app)


async def test_leaving_with_edits_that_are_not_saved_asks(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        await type_value(pilot, "mine")
        await until_shown(pilot, "● will be set")
        await press(pilot, "q")
        await until_shown(pilot, "Leave without saving?")
        await until_shown(pilot, WEB)
        await press(pilot, "enter")
        assert app.screen is screen and app.is_running
        await press(pilot, "U", "q")
        await until(pilot, lambda: not app.is_running or app._exit, "left")
