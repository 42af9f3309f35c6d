"""No plaintext anywhere but in memory and pipes: command lines, environments, files written, journal, tracebacks."""

import shutil
import subprocess
import sys
import threading
import traceback
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.traceback import Traceback

from nixtui.secrets import editing
from nixtui.secrets.edit import Put
from nixtui.secrets.errors import SecretsError
from nixtui.secrets.secret import Secret
from tests.secrets.conftest import Repo

VALUE = "zebra-crossing-4711"
PLAIN = "a: one\nb: two\n"


def nixtui(repo: Repo, *words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*before, sys.executable, "-m", "nixtui", *words],
        cwd=repo.root, env=repo.environ, input=VALUE.encode(), capture_output=True, timeout=120,
    )  # fmt: skip


class Watcher(threading.Thread):
    """Reads the command line and environment of every process but this one, as often as it can."""

    def __init__(self, *wanted: bytes) -> None:
        super().__init__()
        self.wanted, self.found, self.looks, self.seen_sops = wanted, set[str](), 0, False
        self.over = threading.Event()
        self.others = {each.name for each in Path("/proc").iterdir()}  # this one among them, and a loaded machine's

    def run(self) -> None:
        while not self.over.is_set():
            self.looks += 1
            for process in Path("/proc").iterdir():
                if process.name.isdecimal() and process.name not in self.others:
                    self.look(process)

    def look(self, process: Path) -> None:
        for name in ("cmdline", "environ"):
            try:
                content = (process / name).read_bytes()
            except OSError:
                continue
            self.seen_sops |= name == "cmdline" and b"--value-stdin" in content
            self.found |= {f"{name}: {one!r}" for one in self.wanted if one in content}


def test_no_command_line_or_environment_has_the_value_or_the_key(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", PLAIN)
    key = repo.me.file.read_bytes().strip()
    watcher = Watcher(VALUE.encode(), key)
    watcher.start()
    for number in range(12):
        done = nixtui(repo, "secrets", "set", "a.yaml", f"k{number}")
        assert done.returncode == 0, done.stderr
    watcher.over.set()
    watcher.join()
    assert watcher.seen_sops and watcher.found == set()
    assert repo.plain(path)["k11"] == VALUE


def in_git(repo: Repo) -> None:
    """The file with the value in two versions and in a merge that stopped."""
    shutil.rmtree(repo.root / ".git")
    git = ("git", "-C", str(repo.root), "-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    path = repo.encrypt("a.yaml", f"k: {VALUE}\nother: x\n")
    for branch, value in (("main", VALUE), ("theirs", f"{VALUE}-theirs"), ("main", f"{VALUE}-ours")):
        words = ["-b", branch] if branch == "theirs" else [branch]
        if value != VALUE:
            subprocess.run([*git, "checkout", "-q", *words], check=True)
            repo.sops("set", "--value-stdin", str(path), '["k"]', stdin=f'"{value}"'.encode())
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", "x"], check=True)
    subprocess.run([*git, "merge", "theirs"], capture_output=True)


NEW_COMMANDS = (
    ("history", "a.yaml"),
    ("history", "a.yaml", "k", "--json"),
    ("merge", "a.yaml"),
    ("merge", "a.yaml", "--theirs", "k"),
    ("rename", "a.yaml", "k", "l"),
    ("generate", "a.yaml", "h", "--kind", "hashed-password"),
    ("generate", "a.yaml", "g", "--kind", "ssh-key"),
)


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
def test_history_merge_rename_and_generate_leave_no_value_anywhere(repo: Repo, tmp_path: Path) -> None:
    in_git(repo)
    log = tmp_path / "strace"
    for words in NEW_COMMANDS:
        calls = "trace=execve,write,pwrite64,writev,sendto,sendmsg"
        strace = ("strace", "-f", "-yy", "-v", "-s", "100000", "-e", calls, "-o", str(log))
        done = nixtui(repo, "secrets", *words, before=strace)
        assert done.returncode == (5 if words == ("merge", "a.yaml") else 0), done.stderr
        assert VALUE.encode() not in done.stdout + done.stderr
        said = log.read_text(errors="replace")
        assert "execve(" in said
        lines = [line for line in said.splitlines() if VALUE in line or "OPENSSH PRIVATE" in line]
        assert [line for line in lines if "<pipe:" not in line and "<UNIX" not in line] == []
        assert lines, "values went through pipes, so strace has seen them"
    journal = nixtui(repo, "journal", "--json")
    assert b"Rename k of a.yaml to l" in journal.stdout and VALUE.encode() not in journal.stdout
    for file in (*repo.home.rglob("*"), *repo.root.rglob("*")):
        assert not file.is_file() or VALUE.encode() not in file.read_bytes()
    plain = repo.plain(repo.root / "a.yaml")
    assert plain["l"] == f"{VALUE}-theirs" and "k" not in plain
    for value in (plain["h"], plain["g"]):
        assert all(value.encode() not in each.read_bytes() for each in repo.home.rglob("*") if each.is_file())


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
def test_no_file_is_written_with_the_value(repo: Repo, tmp_path: Path) -> None:
    path, log = repo.encrypt("a.yaml", PLAIN), tmp_path / "strace"
    strace = ("strace", "-f", "-yy", "-s", "100000", "-e", "trace=write,pwrite64,writev,sendto,sendmsg", "-o", str(log))
    done = nixtui(repo, "secrets", "set", "a.yaml", "k", before=strace)
    assert done.returncode == 0, done.stderr
    assert repo.plain(path)["k"] == VALUE
    said = log.read_text(errors="replace")
    lines = [line for line in said.splitlines() if VALUE in line]
    assert lines, "it went through a pipe, so strace has seen it"
    assert [line for line in lines if "<pipe:" not in line and "<UNIX" not in line] == []
    assert ".nixtui-" in said, "the copy was written, so writes to files are seen as well"


def test_journal_output_and_state_have_keys_and_no_values(repo: Repo) -> None:
    repo.encrypt("a.yaml", PLAIN)
    for words in (("set", "a.yaml", "k"), ("set", "a.yaml", "sops"), ("set", "a.yaml", "a/b"), ("set", "nope", "k")):
        done = nixtui(repo, "secrets", *words, *(("--json",) if words[2] == "k" else ()))
        assert VALUE.encode() not in done.stdout + done.stderr
    journal = nixtui(repo, "journal", "--json")
    assert b"Change 1 key of a.yaml" in journal.stdout
    for file in (*repo.home.rglob("*"), *repo.root.rglob("*")):
        assert not file.is_file() or VALUE.encode() not in file.read_bytes()


@pytest.mark.parametrize("place", ["restored", "_first_wrong", "strayed"])
async def test_a_crash_in_the_middle_shows_nothing(repo: Repo, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    path = repo.encrypt("a.yaml", PLAIN)
    before = path.read_bytes()
    runner = await repo.runner()
    key = repo.me.file.read_text().strip()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(editing, place, broken)
    with pytest.raises(ZeroDivisionError) as caught:
        await editing.save(runner, path, "a.yaml", [Put(("a",), Secret(VALUE))])
    out = StringIO()
    shown = Traceback.from_exception(caught.type, caught.value, caught.tb, show_locals=True, locals_max_string=10_000)
    Console(file=out, width=400).print(shown)
    out.write("".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()))
    told = out.getvalue().replace(f'VALUE = "{VALUE}"', "").replace(key, "", 2)  # this test's own locals
    assert "<secret>" in told and VALUE not in told and key not in told
    assert path.read_bytes() == before and not list(repo.root.glob(".nixtui-*"))


async def test_errors_of_sops_show_nothing(repo: Repo) -> None:
    path = repo.encrypt("a.env", "A=b\n")
    with pytest.raises(SecretsError) as caught:
        await editing.save(
            await repo.runner(), path, "a.env", [Put(("A",), Secret(f'["{VALUE}"]'), typed=True)], allowed=("type",)
        )
    assert VALUE not in repr(caught.value) + str(caught.value) + "".join(caught.value.log)


async def test_a_key_in_the_environment_is_not_handed_on(repo: Repo) -> None:
    key = repo.me.file.read_text().strip()
    runner = await repo.runner(SOPS_AGE_KEY=key, SOPS_AGE_KEY_FILE="")
    assert key not in repr(runner) and key not in str(runner._environ())
    path = repo.encrypt("a.yaml", PLAIN)
    assert (await editing.reveal(runner, path, "a.yaml", ("a",))).text() == "one"
