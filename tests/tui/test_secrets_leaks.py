"""No plaintext of a session on the Secrets screen anywhere: pictures, files, journal, notices, crash, processes."""

import asyncio
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from textual import constants, events

from nixtui.tui.crash import crash_report
from nixtui.tui.notices import page
from nixtui.tui.screens.secret_value import ValueDialog
from tests.secrets.conftest import Repo, repo
from tests.secrets.test_leaks import Watcher
from tests.tui.screen import press, shown, until, until_shown, write
from tests.tui.secrets_here import VALUE, confirm, fill, go_to, journal, plain, secrets_app
from tests.tui.test_secrets_editing import editor, until_saved

__all__ = ["repo"]

WEB = "secrets/web.yaml"
TYPED = "okapi-lantern-2290"


@pytest.fixture(autouse=True)
def _filled(repo: Repo) -> None:
    fill(repo)


def holds_plaintext(*folders: Path) -> list[Path]:
    """Files with one of the values in them."""
    values = (VALUE.encode(), TYPED.encode())
    files = [each for folder in folders for each in folder.rglob("*") if each.is_file()]
    return [each for each in files if any(value in each.read_bytes() for value in values)]


async def test_a_whole_session_leaves_nothing_anywhere(repo: Repo, tmp_path: Path) -> None:
    key = repo.me.file.read_bytes().strip()
    watcher = Watcher(VALUE.encode(), TYPED.encode(), key)
    async with secrets_app(repo) as (app, pilot, screen):
        watcher.start()
        await go_to(pilot, screen, WEB, "db/password")
        await press(pilot, "v")
        await until_shown(pilot, VALUE)
        picture = app.export_screenshot()
        assert VALUE not in picture and "Nothing is copied or exported" in picture
        await until(pilot, lambda: VALUE not in shown(app))
        await editor(pilot)
        await write(pilot, TYPED)
        await press(pilot, "ctrl+o")
        await until_shown(pilot, TYPED)
        assert TYPED not in app.export_screenshot()
        saved = app.save_screenshot(path=str(tmp_path))
        await press(pilot, "enter", "ctrl+s")
        await confirm(pilot, "set db/password")
        await until_saved(pilot, screen)
        assert TYPED not in app.export_screenshot() and VALUE not in app.export_screenshot()
        told = "\n".join(page(each) for each in app.session.notices) + await journal(app)
        assert TYPED not in told and VALUE not in told
        assert TYPED not in repr(app.session.histories) and app.clipboard == ""
        await asyncio.to_thread(lambda: (watcher.over.set(), watcher.join()))
    assert watcher.seen_sops and watcher.found == set()
    assert plain(repo, WEB)["db"]["password"] == TYPED
    assert saved.startswith(str(tmp_path)) and holds_plaintext(repo.root, repo.home, tmp_path) == []


async def test_a_crash_in_the_editor_shows_nothing(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Exception):
        pass

    def broken(*_: object) -> None:
        raise Broken

    reports: list[str] = []
    with pytest.raises(BaseExceptionGroup) as caught:
        async with secrets_app(repo) as (app, pilot, screen):
            await go_to(pilot, screen, WEB, "db/password")
            dialog = await editor(pilot)
            await press(pilot, "ctrl+o")
            await until_shown(pilot, VALUE)
            await write(pilot, TYPED)
            monkeypatch.setattr(ValueDialog, "_tell", broken)
            dialog._area.insert("x")
            await until(pilot, lambda: app._exception is not None, "the crash")
            out = io.StringIO()
            Console(file=out, width=200).print(crash_report(app._exception), *app._exit_renderables)
            reports.append(out.getvalue())
    assert caught.group_contains(Broken)
    (told,) = reports
    assert "Broken" in told and "_changed" in told
    assert VALUE not in told and TYPED not in told


def test_the_log_of_textual_is_not_written(tmp_path: Path) -> None:
    """It has the text of every paste; the program switches it off before Textual can look whether it is wanted."""
    program = (
        "import nixtui.tui.app; from textual import constants; print(constants.LOG_FILE, constants.SCREENSHOT_DELAY)"
    )
    environ = {**os.environ, "TEXTUAL_LOG": str(tmp_path / "log"), "TEXTUAL_SCREENSHOT": "3"}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "None -1\n"
    assert constants.LOG_FILE is None


async def test_what_is_typed_is_gone_from_the_editor_and_cannot_be_copied_out_of_it(repo: Repo) -> None:
    async with secrets_app(repo) as (app, pilot, screen):
        await go_to(pilot, screen, WEB, "db/password")
        dialog = await editor(pilot)
        await write(pilot, TYPED)
        dialog._area.select_all()
        dialog._area.action_copy()
        assert app.clipboard == ""
        dialog._area.action_cut()
        await until(pilot, lambda: dialog._area.text == "")
        assert app.clipboard == ""
        app.post_message(events.Paste(TYPED))
        await until(pilot, lambda: dialog._area.text == TYPED)
        await press(pilot, "escape")
        await until(pilot, lambda: app.screen is screen)
        assert dialog._area.text == "" and not dialog._area.history._undo_stack
        assert not app.session.exposure.is_any
