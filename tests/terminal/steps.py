"""What people do at the cockpit, key by key, each when the screen shows that it is time."""

from collections.abc import Sequence

from tests.terminal.terminal import Terminal


def filter_by(screen: Terminal, text: str, hidden: str) -> None:
    """Type a filter and keep it; afterwards `hidden` is not listed any more."""
    screen.send("/")
    screen.write(text)
    screen.until_shown(text, "complete")
    screen.send("Enter")
    screen.until(lambda shown: "roll back" in shown and hidden not in shown, f"the list without {hidden}")


def go_to(screen: Terminal, host: str) -> None:
    """Put the cursor on a host."""
    screen.write(f":host {host}")
    screen.until_shown(f"host {host}", "complete")
    screen.send("Enter")
    screen.until_shown("roll back", f"▌ {host}")


def take_back(
    screen: Terminal, host: str, running: str, before: str, *, shows: Sequence[str], typed: bool, proof: str
) -> None:
    """From the fleet over generations and their difference to a host that runs the one before; back to its row."""
    go_to(screen, host)
    screen.send("Enter")
    screen.until_shown("GEN", "● running")
    screen.send("j")
    screen.until_shown(f"{running} → {before}", "closure", *shows)
    screen.send("r")
    screen.until_shown("▸ Cancel ◂", f"{running} → {before}", "reboot")
    screen.send("Right")
    screen.until_shown("▸ Roll back ◂")
    screen.send("Enter")
    if typed:
        screen.until(lambda shown: f"type {host} first" in shown and " ◂" not in shown, "the keyboard in the field")
        screen.write(host)
        screen.send("Enter")
        screen.until_shown("▸ Roll back ◂")
        screen.send("Enter")
    screen.until_shown("committed in")
    screen.send("1")
    screen.until_shown("HOST")
    screen.until(lambda _: all(word in screen.line_with(host) for word in (proof, f" {before} ")), "the row")


def leave(screen: Terminal) -> str:
    """Quit; what is left in the terminal afterwards."""
    screen.send("q")
    screen.until(lambda shown: shown.rstrip().endswith("$"), "the shell's prompt")
    return screen.shown(history=True)
