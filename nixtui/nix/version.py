"""Which Nix is installed here: what it understands changed with its versions."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from nixtui.nix.process import run_nix

_VERSION = re.compile(rb"(\d+)\.(\d+)")


class NixVersion(NamedTuple):
    """`2.34`. Lix counts on from 2.90."""

    major: int
    minor: int

    @property
    def names_outputs(self) -> bool:
        """Whether `DRV^out` is understood; before, a bare `.drv` path means its outputs. Since 2.13; 2.15 made a bare
        path mean the file itself.
        """
        return self >= (2, 13)

    def outputs_of(self, drv_path: str) -> str:
        """The installable that is all outputs of a derivation."""
        return f"{drv_path}^*" if self.names_outputs else drv_path


async def nix_version(directory: Path, environ: Mapping[str, str]) -> NixVersion:
    """The version of the nix command. Raises `NixError`; one that tells none is taken for a new one."""
    answer = await run_nix(("--version",), directory=directory, environ=environ, time_limit=30)
    found = _VERSION.search(answer)
    return NixVersion(int(found[1]), int(found[2])) if found else NixVersion(2, 99)
