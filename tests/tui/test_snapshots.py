"""Every scene looks as it did, text, colours and all. `make snapshots` makes new ones, to be looked at first."""

import difflib
import html
import os
import re
from itertools import product
from pathlib import Path

import pytest

from tests.tui.scenes import LOOKS, SCENES, drawn

FOLDER = Path(__file__).parent / "snapshots"
REWRITE = "NIXTUI_SNAPSHOTS" in os.environ

_IDENTITY = re.compile(r"terminal-\d+")
_TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


def stable(svg: str) -> str:
    """The picture without what differs although nothing does: ids made of a checksum."""
    return _IDENTITY.sub("terminal", svg)


def difference(before: str, now: str) -> str:
    """The lines of text that differ; or that only colours do."""
    texts = [[html.unescape(each).rstrip() for each in _TEXT.findall(svg)] for svg in (before, now)]
    lines = list(difflib.unified_diff(*texts, "before", "now", lineterm="", n=0))
    return "\n".join(lines[:40]) or "the text is the same: colours or styles differ"


@pytest.mark.parametrize(("scene", "look"), list(product(SCENES, LOOKS)))
async def test_it_looks_as_it_did(scene: str, look: str, tmp_path: Path) -> None:
    file = FOLDER / f"{scene}-{look}.svg"
    now = stable(await drawn(SCENES[scene], LOOKS[look]))
    if REWRITE:
        FOLDER.mkdir(exist_ok=True)
        file.write_text(now)
        return
    assert file.exists(), f"there is no {file.name} yet: make snapshots, then look at it"
    before = file.read_text()
    if now != before:
        (tmp_path / file.name).write_text(now)
        pytest.fail(
            f"{file.name} looks different; look at {tmp_path / file.name} in a browser, and if that is right: "
            f"make snapshots\n{difference(before, now)}",
            pytrace=False,
        )


def test_every_snapshot_belongs_to_a_scene() -> None:
    wanted = {f"{scene}-{look}.svg" for scene, look in product(SCENES, LOOKS)}
    assert {file.name for file in FOLDER.iterdir()} == wanted


def test_a_difference_is_told_by_its_lines() -> None:
    picture = '<svg class="terminal-12"><text x="1">web-1&#160;up</text></svg>'
    assert stable(picture) == stable(picture.replace("12", "99"))
    assert "+web-1\xa0down" in difference(picture, picture.replace("up", "down"))
    assert "colours" in difference(picture, picture.replace('x="1"', 'fill="red"'))
