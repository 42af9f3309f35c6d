"""What is wrong in `[keys]` and `[ui]`: only the app knows its actions and themes, so it is asked."""

from importlib import import_module
from pathlib import Path

from nixtui.config import Configuration, Problem
from nixtui.config.discovery import shown_path
from nixtui.config.lines import key_lines, line_of
from nixtui.config.problem import KeyPath, written


def interface_problems(configuration: Configuration, cwd: Path) -> tuple[Problem, ...]:
    """Every problem, with its line. Loads the app's table of actions only where there is something to look up."""
    document, path = configuration.document, configuration.path
    if path is None or not (document.keys or document.ui.theme):
        return ()
    found: list[tuple[KeyPath, str, str]] = import_module("nixtui.cli.commands.app").interface_troubles(document)
    if not found:
        return ()
    lines = key_lines(path.read_text(encoding="utf-8-sig").replace("\r\n", "\n"))
    shown = shown_path(path, cwd)
    problems = [Problem(shown, line_of(lines, at), written(at), reason, remedy) for at, reason, remedy in found]
    return tuple(sorted(problems, key=lambda each: each.line or 0))
