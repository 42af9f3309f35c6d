"""The ssh that nix starts: nixtui's way to the hosts it has names for, and the user's own to all others."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from nixtui.remote.destination import Destination
from nixtui.remote.settings import SshSettings
from nixtui.remote.shell import NoShell
from nixtui.remote.ssh_program import ssh_program
from tests.remote.test_shell import WEB

RECORDER = '#!/bin/sh\nfor each; do printf "%s\\n" "$each"; done\n'


def destination(asked: str, port: int) -> Destination:
    return replace(WEB, asked=asked, host=asked, port=port)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A PATH whose ssh prints its words."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(RECORDER)
    (programs / "ssh").chmod(0o755)
    return {"PATH": f"{programs}:/usr/bin:/bin", "NIX_SSHOPTS": "-F /my/config"}


def words_of(environ: dict[str, str], *words: str) -> list[str]:
    return subprocess.run(["ssh", *words], env=environ, capture_output=True, text=True, check=True).stdout.splitlines()


def test_each_name_goes_its_own_way_and_others_as_ever(environ: dict[str, str], tmp_path: Path) -> None:
    ways = {"h1": (destination("10.0.0.1", 22), []), "h2": (destination("10.0.0.2", 2222), [])}
    with ssh_program(ways, SshSettings(), environ, tmp_path) as found:
        second = words_of(found, "h2", "-x", "nix-daemon --stdio")
        assert second[-3:] == ["10.0.0.2", "-x", "nix-daemon --stdio"]
        assert "2222" in second
        assert "BatchMode=yes" in second
        assert "/my/config" not in second
        assert "22" in words_of(found, "h1", "h2")  # only the first is a host, the rest is its command
        assert words_of(found, "elsewhere", "true") == ["-F", "/my/config", "elsewhere", "true"]


def test_without_an_ssh_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(NoShell), ssh_program({}, SshSettings(), {"PATH": str(tmp_path)}, tmp_path):
        pass
