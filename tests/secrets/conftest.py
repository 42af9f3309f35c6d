"""A repository with real sops and real age keys, in a home of its own."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyrage
import pytest

from nixtui.secrets.identities import load_identities
from nixtui.secrets.process import Runner
from nixtui.secrets.program import Sops, find_sops


def run(*words: str | Path, stdin: bytes = b"", check: bool = True) -> bytes:
    """Standard output of a program."""
    return subprocess.run(words, input=stdin, check=check, capture_output=True).stdout


@dataclass
class Person:
    """Somebody with an age key in a file."""

    public: str
    file: Path


@dataclass
class Repo:
    """A directory with secrets of `me`, who is a recipient of all, and `other`."""

    root: Path
    home: Path
    me: Person
    other: Person
    sops_program: Sops
    environ: dict[str, str] = field(default_factory=dict)

    def sops(self, *arguments: str, stdin: bytes | None = None, check: bool = True) -> bytes:
        """The plain binary, as anybody would run it."""
        done = subprocess.run(
            [self.sops_program.path, *arguments], cwd=self.root, env=self.environ, input=stdin, capture_output=True
        )
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.stdout if check else done.stdout + done.stderr

    def encrypt(self, name: str, plain: str | bytes, *options: str, to: str | None = None) -> Path:
        """A file encrypted to me, or to others."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(plain if isinstance(plain, bytes) else plain.encode())
        self.sops("--config", "/dev/null", "encrypt", "--age", to or self.me.public, *options, "-i", str(path))
        return path

    def plain(self, path: Path) -> Any:
        """What plain sops decrypts, as values."""
        return json.loads(self.sops("--config", "/dev/null", "decrypt", "--output-type", "json", str(path)))

    async def runner(self, person: Person | None = None, **more: str) -> Runner:
        """Ours, with the keys of a person."""
        environ = {**self.environ, "SOPS_AGE_KEY_FILE": str((person or self.me).file), **more}
        return Runner(sops=self.sops_program, identities=await load_identities(environ), environ=environ)


def person(directory: Path, name: str) -> Person:
    identity = pyrage.x25519.Identity.generate()
    file = directory / f"{name}.txt"
    file.write_text(f"{identity}\n")
    file.chmod(0o600)
    return Person(str(identity.to_public()), file)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    root, home = tmp_path / "repo", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    (root / ".git").mkdir()
    me = person(home, "me")
    environ = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "USER": "me",
        "LOGNAME": "me",
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "SOPS_AGE_KEY_FILE": str(me.file),
        "SOPS_DISABLE_VERSION_CHECK": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return Repo(root, home, me, person(home, "other"), find_sops(environ), environ)
