"""Screen 1 by its keys on real hosts over real SSH, and the real program twice in a row."""

import time
from pathlib import Path

from nixtui.tui.groups import head_key
from tests.tui.embedded import embedded
from tests.tui.screen import press, shown, write
from tests.tui.test_dead_network import Terminal


async def shows(pilot, app, *texts: str, seconds: float = 40.0) -> None:
    """Wait until all of this is on the screen; real hosts take a moment."""
    limit = time.monotonic() + seconds
    while not all(text in shown(app) for text in texts):
        assert time.monotonic() < limit, f"never all of {texts}\n{shown(app)}"
        await pilot.pause(0.05)


async def test_every_key_of_the_fleet_on_real_hosts() -> None:
    async with embedded("web-1", "web-2", "web-4", "db-2", size=(200, 50)) as (app, pilot, _):
        await shows(pilot, app, "4/4 seen", "▲ failed: nginx", "◆ reboot", "PROD 4/4 answer · 3 failing · 1 to reboot")
        await shows(pilot, app, "ok (ops-2)")  # what the journal has of the last deploy
        table = app.fleet_screen.table
        await press(pilot, "t")
        await write(pilot, "role")
        await press(pilot, "enter")
        await shows(pilot, app, "by tag role", "▾ web  3 hosts  ▲ 2 failing")
        table.go_to(head_key("web"))
        await press(pilot, "space")
        await shows(pilot, app, "3 marked")
        assert app.fleet_screen.selection().hosts == ("web-1", "web-2", "web-4")
        await press(pilot, "u", "colon")
        await write(pilot, "group none")
        await press(pilot, "enter", "S")
        await write(pilot, "drift")
        await press(pilot, "enter")
        await shows(pilot, app, "DRIFT▾")
        assert list(table.order[:2]) == ["web-1", "db-2"]  # web-2 and web-4 run another revision than web-1
        await press(pilot, "w")
        await shows(pilot, app, "KERNEL", "UNITS")
        await press(pilot, "w", "z")
        await shows(pilot, app, "is:problem ─ 3 of 4")
        await press(pilot, "escape", "slash")
        await write(pilot, "is:reb")
        await press(pilot, "tab", "enter")
        await shows(pilot, app, "is:reboot ─ 1 of 4")
        await press(pilot, "escape", "p")
        await shows(pilot, app, "PAUSED")
        await press(pilot, "p", "ctrl+p")
        await write(pilot, "web4")
        await shows(pilot, app, "go to web-4")
        await press(pilot, "enter")
        assert table.cursor == "web-4"
        await press(pilot, "c", "y", "ctrl+r")
        await shows(pilot, app, "Asking web-4 again")


def test_the_program_looks_as_it_was_left(tmp_path: Path) -> None:
    (tmp_path / "nixtui.toml").write_text(
        '[fleet]\nname = "shop"\nsources = ["file"]\n\n[hosts.web-1]\naddress = "127.0.0.1"\nport = 1\n'
    )
    first = Terminal(tmp_path)
    try:
        first.wait_for("web-1")
        first.press("w")
        first.wait_for("columns")
        assert first.quit(15.0) == 0
    finally:
        first.close()
    (kept,) = (tmp_path / ".local/state/nixtui/screens").iterdir()
    assert b'"wide":true' in kept.read_bytes()
    again = Terminal(tmp_path)
    try:
        again.wait_for("columns")
        kept.write_bytes(b"\x00 not what we wrote")
        assert again.quit(15.0) == 0
    finally:
        again.close()
    kept.write_bytes(b"\x00 not what we wrote")
    broken = Terminal(tmp_path, "--no-mouse")
    try:
        broken.wait_for("they start fresh")
        assert b"\x1b[?1003h" not in broken.seen  # the mouse is left to the terminal
        assert broken.quit(15.0) == 0
    finally:
        broken.close()
