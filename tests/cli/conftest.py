"""The `nixtui` command as a user starts it: a process of its own, with a home of its own, on real hosts."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab import Lab


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """A directory with a `nixtui.toml`, and an environment that touches nobody's files."""

    directory: Path
    environ: dict[str, str]

    def configure(self, text: str) -> None:
        (self.directory / "nixtui.toml").write_text(text)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "nixtui", *arguments],
            cwd=self.directory,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *arguments: str, timeout: float = 90) -> Ended:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout)
        return Ended(process.returncode, out, err)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    directory = tmp_path / "fleet"
    directory.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    environ = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "USER": "me",
        "LOGNAME": "me",
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
    }
    return Shell(directory, environ)


LAB_CONFIGURATION = """
[fleet]
name = "lab"
sources = ["file"]

[ssh]
config = "{ssh_config}"
elevate = "none"
connect_timeout = "5s"

[activation]
revert_after = "12s"
activation_timeout = "60s"

"""


@pytest.fixture
def lab_shell(shell: Shell, lab: Lab) -> Shell:
    """A shell whose fleet is the lab."""
    text = LAB_CONFIGURATION.format(ssh_config=lab.ssh_config)
    text += "".join(f'[hosts.{name}]\ntags = {{ env = "lab" }}\n' for name in lab.hosts)
    text += '\n[hosts.gone]\naddress = "127.0.0.1"\nport = 1\n'
    shell.configure(text)
    return shell
