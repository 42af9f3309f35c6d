"""Typing: commands for everything, completion of selectors, histories, palette and help."""

import pytest
from textual.widgets import Input

from nixtui.tui.commands import BadCommand, Do, FilterBy, GroupBy, SortBy, UseTheme, Vocabulary, complete, parse_command
from nixtui.tui.completion import complete_selector
from tests.tui.cockpit import MemoryCockpit, synthetic_fleet
from tests.tui.screen import opened, press, shown, until, until_shown, write

KNOWN = Vocabulary(
    ("fleet", "activity"), ("web-1", "web-12"), ("prod",), ("load", "state"), ("environment", "tag:role"),
    ("dark", "light"), ("mark_all", "wide"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("sort load", SortBy("load")),
        ("group role", GroupBy("tag:role")),
        ("group tag:role", GroupBy("tag:role")),
        ("group none", GroupBy(None)),
        ("theme light", UseTheme("light")),
        ("filter is:failed !env:prod", FilterBy("is:failed !env:prod")),
        ("mark_all", Do("mark_all")),
    ],
)
def test_commands_of_the_fleet(text: str, command: object) -> None:
    assert parse_command(text, KNOWN) == command


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("sort laod", "load"),
        ("host web-13", "web-1"),
        ("mark_al", "mark_all"),
        ("them light", "theme"),
        ("group roll", "role"),
    ],
)
def test_what_is_nearly_a_command_is_told_what_it_may_be(text: str, near: str) -> None:
    with pytest.raises(BadCommand) as error:
        parse_command(text, KNOWN)
    assert near in str(error.value)


def test_commands_are_completed_with_what_there_is() -> None:
    assert complete("sort l", KNOWN) == ["sort load"]
    assert complete("group ", KNOWN) == ["group environment", "group tag:role", "group none"]
    assert complete("ma", KNOWN) == ["mark_all"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("is:fa", ["is:failed"]),
        ("web !is:fa", ["web !is:failed"]),
        ("tag:", ["tag:env=", "tag:role="]),
        ("tag:role=c", ["tag:role=cache"]),
        ("env:", ["env:archive", "env:prod", "env:staging"]),
        ("env:prod,e", ["env:prod,env:", *(f"env:prod,edge-{number}" for number in range(1, 11))]),
        ("rev:44", ["rev:44d0aa19"]),
        ("queue-99", []),
        ("", []),
    ],
)
def test_the_last_word_of_a_selector_is_completed(text: str, expected: list[str]) -> None:
    assert complete_selector(text, synthetic_fleet(60)) == expected


async def test_tab_completes_a_filter_and_what_was_typed_is_found_again() -> None:
    async with opened() as (app, pilot, _):
        for text in ("tag:role=db", "is:failed"):
            await press(pilot, "slash")
            app.screen.query_one(Input).value = ""
            await write(pilot, text)
            await press(pilot, "enter")
        await press(pilot, "slash")
        field = app.screen.query_one(Input)
        field.value = "role"
        await press(pilot, "ctrl+r")
        assert field.value == "tag:role=db"
        await press(pilot, "ctrl+r")
        assert field.value == "tag:role=db"
        field.value = "is:rebo"
        await press(pilot, "tab")
        assert field.value == "is:reboot"


async def test_a_history_is_shared_by_all_screens() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "colon")
        await write(pilot, "activity")
        await press(pilot, "enter")
        await until(pilot, lambda: app.current_mode == "activity")
        await press(pilot, "colon", "up")
        assert app.screen.query_one(Input).value == "activity"


async def test_commands_do_what_they_say() -> None:
    async with opened() as (app, pilot, _):
        table = app.fleet_screen.table
        for text in ("sort load", "group role", "theme light", "filter web", "mark_all"):
            await press(pilot, "colon")
            await write(pilot, text.partition("_")[0])
            app.screen.query_one(Input).value = text
            await press(pilot, "enter")
        assert table.listing.sort_column == "load"
        assert table.listing.groups.by.id == "tag:role"
        assert app.theme == "nixtui-light"
        assert len(table.marks.names) == 70
        await press(pilot, "colon")
        app.screen.query_one(Input).value = "filter is:purple"
        await press(pilot, "enter")
        await until_shown(pilot, 'a host is never "purple"')


async def test_a_dangerous_command_opens_a_dialog_and_does_nothing_by_itself() -> None:
    async with opened() as (app, pilot, cockpit):
        await press(pilot, "j", "colon")
        app.screen.query_one(Input).value = "roll_back"
        await press(pilot, "enter")
        await until_shown(pilot, "Roll back web-2")
        assert not cockpit.operations.operations


async def test_the_palette_has_the_actions_of_all_screens_and_every_host() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "ctrl+p")
        await write(pilot, "app-30")
        await until_shown(pilot, "go to app-30")
        await press(pilot, "enter")
        await until(pilot, lambda: app.fleet_screen.table.cursor == "app-30")
        await press(pilot, "ctrl+p")
        await write(pilot, "everything nixtui told")
        await until_shown(pilot, "messages")
        await press(pilot, "enter")
        await until(pilot, lambda: app.current_mode == "messages")
        await until_shown(pilot, "[Messages]")


async def test_letters_in_their_order_are_enough() -> None:
    async with opened() as (_, pilot, _):
        await press(pilot, "ctrl+p")
        await write(pilot, "cpcmd")
        await until_shown(pilot, "copy as command")


async def test_help_is_under_headings_says_why_not_and_is_searched() -> None:
    async with opened(size=(120, 60)) as (app, pilot, _):
        await press(pilot, "question_mark")
        await until(pilot, lambda: "Fleet" in shown(app).split("type to find")[-1], "the first heading")
        assert "Lists" in shown(app).split("type to find")[-1]
        await until_shown(pilot, "no host is marked; space marks one")
        await write(pilot, "half a page")
        await until(pilot, lambda: "roll back" not in shown(app).split("type to find")[-1].split("╰")[0])
        await press(pilot, "escape")
        await until(pilot, lambda: app.screen is app.fleet_screen)


async def test_a_heading_is_never_chosen() -> None:
    async with opened(MemoryCockpit()) as (app, pilot, _):
        await press(pilot, "question_mark")
        await press(pilot, "up", "up", "enter")
        await pilot.pause()
        assert app.is_running
