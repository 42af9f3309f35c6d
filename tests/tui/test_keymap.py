"""A user's own keys: how they are written, and that none means two things."""

import pytest

from nixtui.cli.commands.config import interface_problems
from nixtui.cli.exits import Exit
from nixtui.cli.main import main
from nixtui.config import load_configuration
from nixtui.tui.keymap import in_textual, keymap, troubles
from tests.tui.screen import opened, press, shown, until, until_shown, write


@pytest.mark.parametrize(
    ("written", "name"),
    [("R", "R"), ("?", "question_mark"), ("esc", "escape"), ("ctrl+space", "ctrl+@"), ("x, pgdn", "x,pagedown"),
     ("/", "slash"), ("@", "at"), ("_", "underscore"), (",", "comma"), ("f6", "f6"), ("ctrl+g", "ctrl+g")],
)  # fmt: skip
def test_keys_are_written_as_people_write_them(written: str, name: str) -> None:
    assert in_textual(written) == name
    assert not [each for each in troubles({"copy": written}) if "no key" in each.reason]


def test_an_action_that_does_not_exist_is_told_with_its_neighbours() -> None:
    (trouble,) = troubles({"rol_back": "f6"})
    assert (trouble.action, trouble.reason) == ("rol_back", "there is no such action")
    assert "roll_back" in trouble.remedy


@pytest.mark.parametrize("key", ["contrl+g", "", "ctrl+", "nokey", "f99", "x,,y"])
def test_a_key_that_does_not_exist_is_told(key: str) -> None:
    assert [each.reason for each in troubles({"copy": key})] == [f'"{key}" is no key']


def test_a_key_that_means_something_else_already_is_told_and_a_swap_is_none() -> None:
    found = troubles({"roll_back": "j"})
    assert 'give that another key too, as in down = "f9"' in found[0].remedy
    assert found[0].reason == '"j" is also down (Fleet)'
    assert troubles({"roll_back": "p", "pause": "r"}) == []
    assert '"r" is also go_to_generation (Generations)' in [each.reason for each in troubles({"down": "r,down"})]
    assert [each.reason for each in troubles({"sort": "f6", "group": "f6"})] == ['"f6" is also group (Fleet)']


def test_without_any_the_table_itself_has_no_trouble() -> None:
    assert troubles({}) == []
    assert troubles({"copy": "f7"}) == []


def test_ctrl_c_leaves_whatever_quit_was_given() -> None:
    assert keymap({"quit": "Q"}) == {"quit": "Q,ctrl+c"}


async def test_a_swap_works_both_ways_and_the_footer_and_help_show_it() -> None:
    async with opened(keymap=keymap({"roll_back": "p", "pause": "r"})) as (app, pilot, _):
        await until_shown(pilot, "p roll back")
        await press(pilot, "j", "r")
        assert app.fleet_screen.is_paused
        await press(pilot, "r", "question_mark")
        await write(pilot, "to the generation before")
        await until(pilot, lambda: "p  " in shown(app).split("type to find")[-1])
        await press(pilot, "escape", "p")
        await until_shown(pilot, "Roll back web-2")


def test_a_configuration_with_bad_keys_is_refused_with_its_lines(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "nixtui.toml").write_text(
        '[keys]\ncopy = "f6"\nrol_back = "f7"\n\n[ui]\ntheme = "drak"\nmouse = false\n'
    )
    monkeypatch.chdir(tmp_path)
    found = interface_problems(load_configuration(tmp_path, {"HOME": str(tmp_path)}), tmp_path)
    assert str(found[0]).startswith("nixtui.toml:3: keys.rol_back: there is no such action, did you")
    assert str(found[1]).startswith('nixtui.toml:6: ui.theme: there is no theme "drak", there are dark, light')
    assert main(["config", "check"]) == Exit.USAGE
    assert "rol_back" in capsys.readouterr().out


def test_keys_and_looks_are_shown_with_the_rest_of_the_configuration(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "nixtui.toml").write_text('[keys]\nsort = "f6"\n\n[ui]\ntheme = "light"\nterse = true\npace = 0.2\n')
    monkeypatch.chdir(tmp_path)
    assert main(["config", "check"]) == Exit.DONE
    assert main(["config", "show"]) == Exit.DONE
    told = capsys.readouterr().out
    assert 'sort = "f6"' in told
    assert 'theme = "light"' in told
    assert "pace = 0.2" in told
