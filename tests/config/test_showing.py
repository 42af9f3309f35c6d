from pathlib import Path

import pytest

from nixtui.config import load_configuration, show_configuration
from tests.config.documents import document
from tests.config.test_reading import EVERYTHING


def shown(tmp_path: Path, content: str | None) -> str:
    if content is not None:
        (tmp_path / "nixtui.toml").write_text(content)
    return show_configuration(load_configuration(tmp_path, {}), tmp_path, {})


@pytest.mark.parametrize(
    "content",
    [
        EVERYTHING,
        "",
        "[hosts.a]\n[hosts.'b.c']\ntags = { 'x y' = '\\n\\u001b' }",
        '[hosts.a]\ntags = { "q\\"" = "\\u0001" }',
        "[stacks.s]\nregion = 'eu-central-1'\naddress = 'public'\n[stacks.s.hosts.a]\nimage = 'web'\ntype = 't3.small'",
        "[rollout]\nbatch = 3\nsoak = '1h1s'\n[activation]\nhealth = [{ command = 'x' }]",
    ],
)
def test_what_is_shown_brings_about_the_same_configuration(tmp_path: Path, content: str) -> None:
    assert document(shown(tmp_path, content)) == document(content)


def test_it_says_which_file_won(tmp_path: Path) -> None:
    assert shown(tmp_path, "").startswith(f"# from {tmp_path}/nixtui.toml; what it leaves out is nixtui's default\n")


def test_without_a_file_it_says_where_one_would_have_been_found(tmp_path: Path) -> None:
    text = shown(tmp_path, None)
    assert text.startswith(f"# these are nixtui's defaults; no file was found at\n# {tmp_path}/nixtui.toml\n")
    assert 'revert_after = "1m30s"' in text


def test_a_directory_cannot_write_into_the_toml(tmp_path: Path) -> None:
    hostile = tmp_path / "x\n[ssh]\nelevate = 'none'"
    hostile.mkdir(parents=True)
    assert document(shown(hostile, "")) == document("")
