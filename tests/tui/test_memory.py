"""How screens look, from one run to the next: kept, never fatal, and never a reason not to see a host."""

import os

import msgspec
import pytest

from nixtui.cli.cockpit.memory import LiveMemory, memory_file
from nixtui.config.loading import Configuration, Document
from nixtui.tui.memory import BadMemory, Remembered, decode, encode, keep_in_history
from tests.tui.cockpit import MemoryCockpit, ScreensInMemory
from tests.tui.screen import opened, press, shown, until, until_shown, write


def remembering(record: bytes | None) -> MemoryCockpit:
    cockpit = MemoryCockpit()
    cockpit.memory = ScreensInMemory(record)
    return cockpit


def test_what_is_written_is_read() -> None:
    full = Remembered(sort="load", descending=True, grouping="tag:role", panel=False, histories={"/": ["web"]})
    assert decode(encode(full)) == full
    assert b'"version":1' in encode(Remembered())


@pytest.mark.parametrize(
    "record", [b"", b"{", b"[]", b'{"version": "x"}', b"\xff\xfe", b'{"version":1,"sort":7}', b"[" * 9999]
)
def test_what_is_broken_is_said_to_be(record: bytes) -> None:
    with pytest.raises(BadMemory, match="damaged") as error:
        decode(record)
    assert not error.value.is_newer


def test_another_nixtui_s_is_not_taken_for_ours() -> None:
    with pytest.raises(BadMemory, match="newer") as error:
        decode(b'{"version":99,"something":true}')
    assert error.value.is_newer
    with pytest.raises(BadMemory, match="format 0"):
        decode(b'{"version":0}')


def test_a_history_is_bounded_has_everything_once_and_nothing_that_begins_with_a_blank() -> None:
    history: list[str] = []
    for number in range(80):
        keep_in_history(history, f"web-{number}")
    keep_in_history(history, "web-77")
    keep_in_history(history, " mysql -psecret")
    keep_in_history(history, "   ")
    assert len(history) == 50
    assert history[-2:] == ["web-79", "web-77"]
    assert history.count("web-77") == 1


async def test_it_looks_as_it_did_when_it_was_left_and_hides_no_host() -> None:
    cockpit = remembering(None)
    async with opened(cockpit) as (app, pilot, _):
        app.fleet_screen.sort_by("load")
        app.fleet_screen.group_by("tag:role")
        await press(pilot, "v", "ctrl+t", "slash")
        await write(pilot, "web-1")
        await press(pilot, "enter", "7")
        await until(pilot, lambda: app.current_mode == "activity")
    assert cockpit.memory.kept
    again = remembering(cockpit.memory.record)
    async with opened(again) as (app, pilot, _):
        await until_shown(pilot, "by tag role")
        assert app.theme == "nixtui-light"
        assert app.current_mode == "fleet"
        await until_shown(pilot, "420")
        assert "web-1 ─" not in shown(app)
        assert app.fleet_screen.table.listing.sort_column == "load"
        await press(pilot, "slash", "up")
        await until_shown(pilot, "/ web-1")
        await press(pilot, "escape", "minus")
        await until(pilot, lambda: app.current_mode == "activity")


async def test_that_only_problems_are_shown_is_remembered_and_said() -> None:
    async with opened(remembering(encode(Remembered(only_problems=True)))) as (app, pilot, _):
        await until_shown(pilot, "Only problems are shown, as when you left; z shows all hosts")
        await until_shown(pilot, "is:problem")
        await press(pilot, "z")
        await until(pilot, lambda: "is:problem" not in shown(app))


@pytest.mark.parametrize("record", [b"nonsense", b'{"version":99}'])
async def test_what_cannot_be_used_is_said_once_quietly_and_a_newer_one_is_left_alone(record: bytes) -> None:
    cockpit = remembering(record)
    async with opened(cockpit) as (app, pilot, _):
        await until_shown(pilot, "they start fresh")
        app.fleet_screen.sort_by("host")
        await pilot.pause(1.2)
    assert (cockpit.memory.record == record) is (b"99" in record)
    assert len([each for each in app.session.notices if "fresh" in each.text]) == 1


async def test_a_disk_that_takes_nothing_is_said_once() -> None:
    cockpit = remembering(None)
    async with opened(cockpit) as (app, pilot, _):
        await pilot.pause(0.1)
        cockpit.memory.broken = OSError(28, "No space left on device")
        app.fleet_screen.sort_by("host")
        await until_shown(pilot, "cannot be kept (No space left on device)")
        app.fleet_screen.sort_by("load")
        await pilot.pause(1.2)
    assert len(app.session.notices) == 1


async def test_what_is_remembered_of_things_that_are_gone_is_left_out() -> None:
    lost = Remembered(sort="nonesuch", grouping="tag:nonesuch", theme="no-theme", last_place="nowhere")
    async with opened(remembering(encode(lost))) as (app, pilot, _):
        await until_shown(pilot, "no tag nonesuch")
        assert app.fleet_screen.table.listing.sort_column == "state"
        await press(pilot, "minus")
        assert app.current_mode == "fleet"


async def test_a_file_is_written_whole_and_only_for_its_owner(tmp_path) -> None:
    file = tmp_path / "deep" / "screens" / "shop.json"
    memory = LiveMemory(file)
    assert await memory.recall() is None
    await memory.keep(b"one")
    await LiveMemory(file).keep(b"two")
    assert await memory.recall() == b"two"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["shop.json"]


async def test_a_directory_that_is_none_is_an_error_and_nothing_else(tmp_path) -> None:
    (tmp_path / "screens").write_text("in the way")
    with pytest.raises(OSError, match=r"."):
        await LiveMemory(tmp_path / "screens" / "shop.json").keep(b"x")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no fifo here")
async def test_a_file_that_never_answers_holds_nobody_up(tmp_path) -> None:
    os.mkfifo(tmp_path / "shop.json")
    cockpit = MemoryCockpit()
    cockpit.memory = LiveMemory(tmp_path / "shop.json")
    async with opened(cockpit) as (app, pilot, _):
        await press(pilot, "j")
        assert app.fleet_screen.table.cursor == "web-2"


def test_two_fleets_do_not_share_a_file(tmp_path) -> None:
    def of(path) -> str:
        return memory_file(tmp_path, Configuration(path, path.parent, Document())).name

    assert of(tmp_path / "a" / "nixtui.toml") != of(tmp_path / "b" / "nixtui.toml")
    assert msgspec.json.encode(of(tmp_path / "a b/../c" / "nixtui.toml")).isascii()
