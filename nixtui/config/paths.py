"""Where this user's files are, by the XDG base directory specification, on every system nixtui runs on.

On macOS too: people keep the configuration of terminal programs in ~/.config there, and in one dotfiles repository.
https://specifications.freedesktop.org/basedir-spec/latest/
"""

from collections.abc import Mapping
from pathlib import Path

_APPLICATION = "nixtui"


class NoHome(Exception):
    """Neither HOME nor the XDG variable that would do instead is set."""

    def __init__(self, variable: str) -> None:
        super().__init__(f"no home directory is known; set HOME or {variable}")


def config_dir(environ: Mapping[str, str]) -> Path:
    """Where `nixtui.toml` may be when no directory above has one. Raises `NoHome`."""
    return _base(environ, "XDG_CONFIG_HOME", ".config") / _APPLICATION


def state_dir(environ: Mapping[str, str]) -> Path:
    """Where the journal is kept: what must survive, but belongs to this machine. Raises `NoHome`."""
    return _base(environ, "XDG_STATE_HOME", ".local/state") / _APPLICATION


def cache_dir(environ: Mapping[str, str]) -> Path:
    """Where is kept what can be had again. Raises `NoHome`."""
    return _base(environ, "XDG_CACHE_HOME", ".cache") / _APPLICATION


def local_path(text: str, *, base: Path, environ: Mapping[str, str]) -> Path:
    """The path that `text` in a configuration means: `~/…` is at home, a relative one starts at `base`.

    Raises `NoHome`. Other people's homes (`~name/`) are not looked up: such a path is a directory of that name.
    """
    if text == "~" or text.startswith("~/"):
        return _home(environ, "HOME") / text[2:]
    return base / text


def _base(environ: Mapping[str, str], variable: str, below_home: str) -> Path:
    """A relative path in an XDG variable is to be ignored, says the specification."""
    given = environ.get(variable, "")
    return Path(given) if given.startswith("/") else _home(environ, variable) / below_home


def _home(environ: Mapping[str, str], variable: str) -> Path:
    home = environ.get("HOME", "")
    if not home.startswith("/"):
        raise NoHome(variable)
    return Path(home)
