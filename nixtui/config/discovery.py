"""Which `nixtui.toml` is meant."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from nixtui.config.paths import NoHome, config_dir

FILE_NAME = "nixtui.toml"


def candidates(cwd: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """Where the file may be, in the order it is looked for: from `cwd` (absolute) upwards, then at home."""
    for directory in (cwd, *cwd.parents):
        yield directory / FILE_NAME
    try:
        yield config_dir(environ) / FILE_NAME
    except NoHome:
        return


def find_configuration(cwd: Path, environ: Mapping[str, str]) -> Path | None:
    """The first candidate that is there at all: one that cannot be read is a problem to tell, not to pass over."""
    return next((path for path in candidates(cwd, environ) if os.path.lexists(path)), None)


def shown_path(path: Path, cwd: Path) -> str:
    """The path as messages name it: short where it is at hand, otherwise in full."""
    if path.parent == cwd or path.parent in cwd.parents:
        return os.path.relpath(path, cwd)
    return str(path)
