"""A flake whose systems are real derivations that build in a moment."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from nixtui.nix.evaluation_cache import EvaluationCache
from nixtui.nix.flake import Flake, open_flake
from tests.nix.flakes import environ, write_flake

SETTINGS = "substituters =\nbuild-users-group =\nsandbox = false\n"
"""No network and no users for builds; as in the lab."""


def system(name: str, script: str = "true") -> str:
    """A toplevel whose builder runs `script` first; names of tests go into it, so that each builds its own."""
    return (
        f'{{ config.system.build.toplevel = derivation {{ name = "nixos-system-{name}"; system = "x86_64-linux"; '
        f'builder = "/bin/sh"; PATH = "/usr/bin:/bin"; args = [ "-c" "{script}; echo ok > $out" ]; }}; }}'
    )


def outputs(systems: Mapping[str, str]) -> str:
    inside = " ".join(f'"{name}" = {text};' for name, text in systems.items())
    return f"{{ nixosConfigurations = {{ {inside} }}; }}"


def nix_environ(directory: Path) -> dict[str, str]:
    configuration = directory / "nix-configuration"
    configuration.mkdir(exist_ok=True)
    (configuration / "nix.conf").write_text(SETTINGS)
    return {**environ(directory), "NIX_CONF_DIR": str(configuration)}


def cached_flake(tmp_path: Path, systems: Mapping[str, str]) -> Flake:
    where = write_flake(tmp_path / "flake", outputs(systems))
    return open_flake(".", base=where, environ=nix_environ(tmp_path), cache=EvaluationCache(tmp_path / "cache"))


def git(directory: Path, *words: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], cwd=directory, check=True, capture_output=True)
