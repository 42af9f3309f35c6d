"""Never a damaged file, never a lost update without being told: killed, full, read-only, raced."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nixtui.secrets.edit import Put
from nixtui.secrets.editing import save
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.safe_file import hold
from nixtui.secrets.secret import Secret
from tests.operations.full_disk import limited_files, may_mount, small_disk
from tests.secrets.conftest import Repo, run

KILLS = int(os.environ.get("NIXTUI_SECRETS_KILLS", "12"))

SAVE = """
import asyncio, os, sys
from pathlib import Path
from nixtui.secrets.edit import Put
from nixtui.secrets.editing import save
from nixtui.secrets.identities import load_identities
from nixtui.secrets.process import Runner
from nixtui.secrets.program import find_sops
from nixtui.secrets.secret import Secret

async def main(path, key, times):
    runner = Runner(sops=find_sops(os.environ), identities=await load_identities(os.environ), environ=os.environ)
    print("ready", flush=True)
    for number in range(int(times)):
        await save(runner, Path(path), path, [Put((f"{key}{number}",), Secret(str(number)))])
        print(number, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


def saver(repo: Repo, path: Path, key: str, times: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", SAVE, str(path), key, str(times)],
        env={**repo.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_killed_at_any_moment_the_file_is_whole_and_has_what_was_acknowledged(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", "first: x\n")
    chance = random.Random(7)  # noqa: S311
    for _ in range(KILLS):
        process = saver(repo, path, "k", 50)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        done = [process.stdout.readline() for _ in range(chance.randint(0, 2))]
        threading.Event().wait(chance.uniform(0, 0.15))  # the moment is the point of it
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        plain = repo.plain(path)
        assert plain["first"] == "x"
        acknowledged = [line.strip() for line in (*done, *rest.splitlines(keepends=True)) if line.endswith("\n")]
        assert {f"k{each}" for each in acknowledged} <= set(plain)


async def test_what_a_killed_one_left_is_swept_by_the_next(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", "first: x\n")
    left = repo.root / ".nixtui-00112233-a.yaml"
    left.write_bytes(path.read_bytes())
    await save(await repo.runner(), path, "a.yaml", [Put(("b",), Secret("c"))])
    assert not left.exists()


def test_eight_writers_at_once_lose_nothing(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", "first: x\n")
    writers = [saver(repo, path, f"w{each}-", 4) for each in range(8)]
    for each in writers:
        _, said = each.communicate(timeout=120)
        assert each.returncode == 0, said
    wanted = {f"w{each}-{number}": str(number) for each in range(8) for number in range(4)}
    assert repo.plain(path) == {"first": "x", **wanted}


async def test_what_another_wrote_meanwhile_is_not_overwritten(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", "first: x\n")
    async with hold(path, "a.yaml") as held:
        held.make_copy()
        repo.sops("set", str(path), '["theirs"]', '"t"')
        theirs = path.read_bytes()
        with pytest.raises(SecretsError) as caught:
            held.put(held.original)
    assert caught.value.trouble is Trouble.CHANGED and "was not written" in str(caught.value)
    assert path.read_bytes() == theirs


async def test_what_another_writes_in_place_after_the_last_look_is_kept_and_told(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repo.encrypt("a.yaml", "first: x\n")
    old = path.open("r+b")  # as sops does: it opened the file before the rename and writes into it after
    async with hold(path, "a.yaml") as held:
        held.make_copy()
        replace = Path.replace

        def late(self: Path, target: Path) -> Path:
            done = replace(self, target)
            old.write(b"theirs")
            old.flush()
            return done

        monkeypatch.setattr(Path, "replace", late)
        with pytest.raises(SecretsError, match=r"another program wrote at the same moment.*a\.yaml\.other"):
            held.put(held.original)
    assert (repo.root / "a.yaml.other").read_bytes().startswith(b"theirs")


async def test_a_lock_that_is_held_is_waited_for_and_then_told(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", "first: x\n")
    async with hold(path, "a.yaml"):
        with pytest.raises(SecretsError) as caught:
            async with hold(path, "a.yaml", patience=0.05):
                pass
    assert caught.value.trouble is Trouble.LOCKED


@pytest.mark.skipif(not may_mount(), reason="may not mount a small disk")
async def test_a_full_disk_leaves_the_file_as_it_was(repo: Repo, tmp_path: Path) -> None:
    source = repo.encrypt("a.yaml", "first: x\n")
    runner = await repo.runner()
    with small_disk(tmp_path / "small") as disk:
        path = disk.directory / "a.yaml"
        path.write_bytes(source.read_bytes())
        disk.fill()
        with pytest.raises(SecretsError, match="the disk is full; the file is as it was"):
            await save(runner, path, "a.yaml", [Put(("b",), Secret("c"))])
        assert path.read_bytes() == source.read_bytes()
        disk.free()
        await save(runner, path, "a.yaml", [Put(("b",), Secret("c"))])
        assert sorted(each.name for each in disk.directory.iterdir()) == ["a.yaml"]


async def test_files_that_may_not_grow_leave_the_file_as_it_was(repo: Repo, tmp_path: Path) -> None:
    path = repo.encrypt("a.yaml", "first: x\n")
    before, runner = path.read_bytes(), await repo.runner()
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with limited_files(tmp_path / "limited") as disk:
        disk.fill()
        with pytest.raises(SecretsError):
            await save(runner, path, "a.yaml", [Put(("b",), Secret("c"))])
    signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == before


@pytest.mark.skipif(not may_mount(), reason="root writes into read-only directories; a mount stops it")
async def test_a_read_only_directory_is_told(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", "first: x\n")
    runner = await repo.runner()
    run("mount", "--bind", repo.root, repo.root)
    try:
        run("mount", "-o", "remount,ro,bind", repo.root)
        with pytest.raises(SecretsError, match="may not be written; look at permissions and mounts"):
            await save(runner, path, "a.yaml", [Put(("b",), Secret("c"))])
    finally:
        run("umount", "--lazy", repo.root)


async def test_cancelling_leaves_the_file_and_no_copy(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", "first: x\n")
    before, runner = path.read_bytes(), await repo.runner()
    saving = asyncio.create_task(save(runner, path, "a.yaml", [Put(("b",), Secret("c"))]))
    deadline = time.monotonic() + 20
    while not list(repo.root.glob(".nixtui-*")) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert path.read_bytes() == before and not list(repo.root.glob(".nixtui-*"))
    assert json.loads(json.dumps(repo.plain(path))) == {"first": "x"}
