"""Flakes without inputs, and programs that stand in for nix where the real one would take too long to misbehave."""

import os
from collections.abc import Mapping
from pathlib import Path

from nixtui.nix.flake import Flake, open_flake


def write_flake(directory: Path, outputs: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "flake.nix").write_text(f"{{ outputs = {{ self }}: {outputs}; }}")
    return directory


def flake(directory: Path, outputs: str) -> Flake:
    return open_flake(".", base=write_flake(directory, outputs), environ=environ(directory))


def environ(directory: Path) -> Mapping[str, str]:
    """The real environment, but a cache of its own: evaluations of other tests must not be remembered."""
    return {**os.environ, "XDG_CACHE_HOME": str(directory / ".cache")}


def stand_in(directory: Path, script: str) -> Mapping[str, str]:
    """An environment in which `nix` is a shell script."""
    programs = directory / "programs"
    programs.mkdir(exist_ok=True)
    program = programs / "nix"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(directory), "HERE": str(directory)}
