"""The real program in a real terminal, as somebody sees it who tries it out."""

import os
import signal
from pathlib import Path

import pytest

from tests.demo.conftest import processes_of
from tests.demo.waiting import until_true
from tests.terminal.steps import filter_by, leave, take_back
from tests.terminal.terminal import Terminal, terminal

DEMO = "nixtui demo"


def start(screen: Terminal, command: str = DEMO) -> None:
    screen.write(command)
    screen.send("Enter")
    screen.until(lambda shown: "24 hosts" in shown or "/24 seen" in shown, "the fleet")
    screen.until_shown("failed: nginx")


def in_memory(folder: Path) -> dict[str, str]:
    """Where this demo puts its hosts."""
    (folder / "run").mkdir(exist_ok=True)
    return {"XDG_RUNTIME_DIR": str(folder / "run")}


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_from_the_first_look_to_a_host_that_was_taken_back(tmp_path: Path, size: tuple[int, int]) -> None:
    with terminal(tmp_path, size=size, environ=in_memory(tmp_path)) as screen:
        start(screen)
        filter_by(screen, "is:failed web", hidden="db-1")
        take_back(screen, "web-2", "412", "411", shows=("commits undone",), typed=True, proof="● up")
        assert "Roll back web-2: 412 → 411  committed" in leave(screen)
    assert not list((tmp_path / "run").iterdir())


def test_a_terminal_that_is_too_small_says_so_and_one_that_grows_is_used(tmp_path: Path) -> None:
    with terminal(tmp_path, size=(50, 12), environ=in_memory(tmp_path)) as screen:
        screen.write(DEMO)
        screen.send("Enter")
        screen.until_shown("60 × 15")
        for width, height in ((80, 24), (200, 50), (60, 15)):
            screen.resize(width, height)
            screen.until(
                lambda shown: (
                    "▌" in shown
                    and "web-2" in shown
                    and shown.count("╭") == shown.count("╯")
                    and "60 × 15" not in shown
                ),
                f"the fleet at {width}×{height}",
            )
        screen.resize(50, 12)
        screen.until_shown("60 × 15")
        leave(screen)


def test_with_no_color_there_is_none(tmp_path: Path) -> None:
    with terminal(tmp_path, environ={**in_memory(tmp_path), "NO_COLOR": "1"}) as screen:
        start(screen)
        styled = screen.shown(styled=True)
        assert "▲" in styled and "PROD" in styled
        assert not any(f"\x1b[{code}" in styled for code in ("38;", "48;", "31m", "32m", "33m", "1;31"))
        leave(screen)


async def test_a_terminal_that_is_gone_takes_the_demo_with_it(tmp_path: Path) -> None:
    with terminal(tmp_path, environ=in_memory(tmp_path)) as screen:
        start(screen)
        os.kill(screen.process(), signal.SIGKILL)
    run = tmp_path / "run"
    await until_true(lambda: not processes_of(run))
