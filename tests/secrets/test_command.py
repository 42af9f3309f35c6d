"""`nixtui secrets` as it is typed: a process of its own, values on standard input."""

import json
import os
import pty
import subprocess
import sys
from typing import Any

import pytest

from tests.secrets.conftest import Repo


def nixtui(repo: Repo, *words: str, stdin: bytes = b"", **environ: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "nixtui", *words],
        cwd=repo.root,
        env={**repo.environ, **environ},
        input=stdin,
        capture_output=True,
        timeout=120,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def secrets(repo: Repo, *words: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    return nixtui(repo, "secrets", *words, **more)


@pytest.fixture
def filled(repo: Repo) -> Repo:
    (repo.root / ".sops.yaml").write_text(f"keys:\n- &me {repo.me.public}\ncreation_rules:\n- age: *me\n")
    repo.encrypt("a.yaml", "db:\n    password: hunter2\nhosts:\n    - token: t\n")
    return repo


def test_list_show_set_unset(filled: Repo) -> None:
    listed = json.loads(secrets(filled, "list", "--json", SOPS_AGE_KEY_FILE="").stdout)
    assert listed == [{"file": "a.yaml", "format": "yaml", "keys": 2, "recipients": ["me"], "problem": None}]
    keys = json.loads(secrets(filled, "list", "a.yaml", "--json").stdout)
    assert [each["key"] for each in keys] == ["db/password", "hosts/0/token"]
    assert keys[0] == {"key": "db/password", "type": "str", "length": "short", "encrypted": True}
    assert secrets(filled, "show", "a.yaml", "hosts/0/token").stdout == "t"
    done = secrets(filled, "set", "a.yaml", "hosts/0/token", "--json", stdin=b"new\n")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["hosts"][0]["outcome"] == "committed"
    assert json.loads(secrets(filled, "show", "a.yaml", "hosts/0/token", "--json").stdout) == {"value": "new"}
    assert secrets(filled, "unset", "a.yaml", "hosts/0/token").returncode == 0
    assert filled.plain(filled.root / "a.yaml") == {"db": {"password": "hunter2"}, "hosts": [{}]}
    assert secrets(filled, "verify").returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("secrets", "show", "nope.yaml", "a"), 2, "no file with secrets"),
        (("secrets", "show", "a.yaml", "nope"), 2, "there is no key nope"),
        (("secrets", "show", "a.yaml", "db//x"), 2, "is no key"),
        (("secrets", "show", "a.yaml"), 2, "which key?"),
        (("secrets", "unset", "a.yaml", "nope"), 2, "there is no key nope"),
        (("secrets", "set", "a.yaml", "sops"), 5, "the file would be lost"),
        (("secrets", "set", "a.yaml", "x_unencrypted"), 5, "--allow plaintext"),
        (("--read-only", "secrets", "set", "a.yaml", "x"), 5, "read-only"),
        (("--read-only", "secrets", "rotate", "--yes"), 5, "read-only"),
        (("secrets", "rotate"), 5, "--yes"),
        (("secrets", "drift"), 0, ""),
    ],
)
def test_exit_codes(filled: Repo, words: tuple[str, ...], code: int, said: str) -> None:
    before = (filled.root / "a.yaml").read_bytes()
    done = nixtui(filled, *words)
    assert done.returncode == code and said in done.stderr + done.stdout, done.stderr
    assert "Traceback" not in done.stderr and (filled.root / "a.yaml").read_bytes() == before


def test_without_a_key_it_says_so(filled: Repo) -> None:
    done = secrets(filled, "show", "a.yaml", "db/password", SOPS_AGE_KEY_FILE="")
    assert done.returncode == 1
    assert "a.yaml: no key that opens this file was found; put an age key into" in done.stderr


def test_a_terminal_is_shown_nothing_unless_asked(filled: Repo) -> None:
    shown = {}
    for words in (("show", "a.yaml", "db/password"), ("show", "a.yaml", "db/password", "--reveal")):
        leader, follower = pty.openpty()
        command = [sys.executable, "-m", "nixtui", "secrets", *words]
        done = subprocess.run(command, cwd=filled.root, env=filled.environ, stdout=follower, stderr=subprocess.PIPE)
        os.close(follower)
        try:
            text = os.read(leader, 1000)
        except OSError:  # nothing was written, and nobody has it open any more
            text = b""
        os.close(leader)
        shown[done.returncode] = text
    assert shown == {5: b"", 0: b"hunter2\r\n"}


def test_recipients_say_which_are_mine(filled: Repo) -> None:
    (only,) = json.loads(secrets(filled, "recipients", "--json").stdout)
    assert (only["name"], only["mine"], only["files"]) == ("me", True, ["a.yaml"])
