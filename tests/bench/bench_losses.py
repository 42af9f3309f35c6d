"""Five hundred tries to lose or damage a secret file: killed at any moment, disks that run full, directories that
become read-only, eight writers at once, and sops itself among them.

`python -m tests.bench.bench_losses`, as root for small disks and mounts. Real sops; `NIXTUI_SECRETS_TRIES` scales it.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pyrage

from nixtui.secrets.edit import Put
from nixtui.secrets.editing import save
from nixtui.secrets.errors import SecretsError
from nixtui.secrets.identities import load_identities
from nixtui.secrets.process import Runner
from nixtui.secrets.program import find_sops
from nixtui.secrets.secret import Secret
from tests.bench.figures import Figure, at_most, table
from tests.operations.full_disk import may_mount, small_disk

TITLE = "Secret files that somebody tried to lose or damage"

TRIES = int(os.environ.get("NIXTUI_SECRETS_TRIES", "500"))
_WRITERS = 8


@dataclass
class Tally:
    """What happened: `lost` are acknowledged changes that are not there, `told` saves that failed with a sentence,
    `sops` changes that plain sops made meanwhile.
    """

    tries: int = 0
    damaged: int = 0
    lost: int = 0
    told: int = 0
    done: int = 0
    sops: int = 0


@dataclass
class Place:
    """A directory with a file, and whoever can read it. What was acknowledged by path."""

    root: Path
    environ: dict[str, str]
    chance: random.Random
    wanted: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.root / "a.yaml"

    def begin(self, root: Path) -> "Place":
        """The same with a new file somewhere else."""
        root.mkdir(exist_ok=True)
        identity = pyrage.x25519.Identity.from_str(Path(self.environ["SOPS_AGE_KEY_FILE"]).read_text().strip())
        path = root / "a.yaml"
        path.write_text("first: x\n")
        sops(self.environ, "encrypt", "--age", str(identity.to_public()), "-i", str(path))
        return Place(root, self.environ, self.chance, {"first": "x"})

    def look(self, tally: Tally, *, also: dict[str, str] | None = None) -> None:
        """Whether the file is whole and has all that was acknowledged; `also` may be there or not."""
        done = subprocess.run(
            [program(self.environ), "--config", "/dev/null", "decrypt", "--output-type", "json", str(self.path)],
            env=self.environ, capture_output=True,
        )  # fmt: skip
        if done.returncode != 0:
            tally.damaged += 1
            return
        plain = json.loads(done.stdout)
        tally.lost += sum(plain.get(name) != value for name, value in self.wanted.items())
        tally.lost += sum(name not in self.wanted and (also or {}).get(name) != value for name, value in plain.items())


def program(environ: dict[str, str]) -> str:
    """The plain binary."""
    return find_sops(environ).path


def sops(environ: dict[str, str], *words: str, stdin: str = "") -> int:
    """The status of plain sops, as anybody would run it."""
    command = [program(environ), "--config", "/dev/null", *words]
    return subprocess.run(command, env=environ, input=stdin.encode(), capture_output=True).returncode


def runner_of(environ: dict[str, str]) -> Runner:
    """Ours."""
    identities = asyncio.run(load_identities(environ))
    return Runner(sops=find_sops(environ), identities=identities, environ=environ)


def figures() -> list[Figure]:
    """Everything; some of the tries need root."""
    with TemporaryDirectory() as directory:
        root = Path(directory)
        key = root / "key.txt"
        key.write_text(f"{pyrage.x25519.Identity.generate()}\n")
        environ = {"PATH": os.environ["PATH"], "HOME": directory, "SOPS_AGE_KEY_FILE": str(key)}
        start = Place(root, environ, random.Random(20261127))  # noqa: S311
        found = _figures("killed at any moment", killed(start.begin(root / "kill"), TRIES * 7 // 10))
        if may_mount():
            found += _figures("on a disk that runs full", full(start, root / "full", TRIES // 10))
            found += _figures("in a directory that becomes read-only", read_only(start.begin(root / "ro"), TRIES // 10))
        found += _figures(f"by {_WRITERS} writers at once", raced(start, root, TRIES // 20, with_sops=False))
        found += _figures(f"by {_WRITERS} writers, one of them sops", raced(start, root, TRIES // 20, with_sops=True))
        return found


def _figures(how: str, tally: Tally) -> list[Figure]:
    return [
        Figure(f"{tally.tries} saves {how}: acknowledged", tally.done, ""),
        Figure(f"{tally.tries} saves {how}: told that they did not", tally.told, ""),
        at_most(f"{tally.tries} saves {how}: damaged files", tally.damaged, "", 0),
        at_most(f"{tally.tries} saves {how}: changes lost", tally.lost, "", 0),
        *([Figure(f"{tally.tries} saves {how}: changes of sops meanwhile", tally.sops, "")] if tally.sops else []),
    ]


async def _save(runner: Runner, path: Path, name: str, value: str) -> None:
    await save(runner, path, path.name, [Put((name,), Secret(value))])


def killed(place: Place, tries: int) -> Tally:
    """A process that saves, killed with -9 after a random part of the time that a save takes."""
    tally, runner = Tally(), runner_of(place.environ)
    began = time.perf_counter()
    asyncio.run(_save(runner, place.path, "measured", "m"))
    place.wanted["measured"] = "m"
    takes = time.perf_counter() - began
    for number in range(tries):
        tally.tries += 1
        name = f"k{number % 40}"  # so that values are replaced as well
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            with suppress(BaseException):
                os.write(writing, b"b")
                asyncio.run(_save(runner, place.path, name, str(number)))
                os.write(writing, b"d")
            os._exit(0)
        os.close(writing)
        os.read(reading, 1)
        threading.Event().wait(place.chance.uniform(0, takes * 1.2))  # the moment is the point of it
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        acknowledged = os.read(reading, 1) == b"d"
        os.close(reading)
        tally.done += acknowledged
        before = place.wanted.pop(name, None)
        if acknowledged:
            place.wanted[name] = str(number)
            place.look(tally)
        else:
            _one_of_two(place, tally, name, before, str(number))
    return tally


def _one_of_two(place: Place, tally: Tally, name: str, before: str | None, after: str) -> None:
    """Killed before it could say so, the change is there or not: nothing else may be."""
    plain = subprocess.run(
        [program(place.environ), "decrypt", "--extract", f'["{name}"]', str(place.path)],
        env=place.environ, capture_output=True,
    )  # fmt: skip
    now = plain.stdout.decode() if plain.returncode == 0 else None
    if now is not None:
        place.wanted[name] = now
    tally.lost += now not in (before, after)
    place.look(tally)


def _hurt(place: Place, tries: int, hurt: Callable[[], None], heal: Callable[[], None]) -> Tally:
    """Saves during which something happens to the disk at a random moment."""
    tally, runner = Tally(), runner_of(place.environ)
    began = time.perf_counter()
    asyncio.run(_save(runner, place.path, "measured", "m"))
    place.wanted["measured"] = "m"
    takes = time.perf_counter() - began
    for number in range(tries):
        tally.tries += 1
        when = place.chance.uniform(-takes / 2, takes)
        timer = threading.Timer(when, hurt)
        if when < 0:
            hurt()
            timer.cancel()
        timer.start()
        try:
            asyncio.run(_save(runner, place.path, f"k{number}", str(number)))
        except SecretsError:
            tally.told += 1
        else:
            tally.done += 1
            place.wanted[f"k{number}"] = str(number)
        timer.join()
        heal()
        place.look(tally)
    return tally


def full(start: Place, directory: Path, tries: int) -> Tally:
    """A disk of a megabyte that something else fills."""
    with small_disk(directory) as disk:
        place = start.begin(disk.directory)
        return _hurt(place, tries, disk.fill, disk.free)


def read_only(place: Place, tries: int) -> Tally:
    """A mount that is made read-only, as a disk with errors is."""

    def mount(options: str) -> None:
        deadline = time.monotonic() + 5
        while subprocess.run(["mount", "-o", options, place.root], capture_output=True).returncode != 0:
            if time.monotonic() > deadline:
                return  # busy with a file that is being written, for all that time

    subprocess.run(["mount", "--bind", place.root, place.root], check=True)
    try:
        return _hurt(place, tries, lambda: mount("remount,ro,bind"), lambda: mount("remount,rw,bind"))
    finally:
        subprocess.run(["umount", "--lazy", place.root], check=True)


def raced(start: Place, root: Path, rounds: int, *, with_sops: bool) -> Tally:
    """Eight processes at once, each with a key of its own. Where sops is one of them, nobody is asked what became of
    ours (it takes no lock, and overwrites); what counts is that its changes are never overwritten by us without a word.
    """
    tally = Tally()
    for number in range(rounds):
        place = start.begin(root / f"race{with_sops}{number}")
        writers = [_writer(place, f"w{each}") for each in range(_WRITERS - with_sops)]
        theirs = list[str]()
        while with_sops and any(writer.poll() is None for writer in writers):
            name = f"sops-was-here-{len(theirs)}"
            if sops(place.environ, "set", "--value-stdin", str(place.path), f'["{name}"]', stdin='"s"') == 0:
                theirs.append(name)
            threading.Event().wait(place.chance.uniform(0, 0.3))  # without a pause ours would never have their turn
        said = [writer.communicate()[1] for writer in writers]
        well = [name for name, writer in enumerate(writers) if writer.returncode == 0]
        tally.tries, tally.done = tally.tries + len(writers), tally.done + len(well)
        tally.told += sum(b"SecretsError" in each for each in said)
        if not with_sops:
            place.wanted |= {f"w{each}": "v" for each in well}
            place.look(tally)
            continue
        plain = subprocess.run(
            [program(place.environ), "decrypt", "--output-type", "json", str(place.path)],
            env=place.environ, capture_output=True,
        )  # fmt: skip
        tally.damaged += plain.returncode != 0
        there = json.loads(plain.stdout) if plain.returncode == 0 else {}
        told = sum(b"another program wrote" in each for each in said)
        tally.lost += max(0, sum(name not in there for name in theirs) - told)
        tally.sops += len(theirs)
    return tally


def _writer(place: Place, name: str) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "tests.bench.bench_losses", str(place.path), name]
    environ = {**place.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        asyncio.run(_save(runner_of(dict(os.environ)), Path(sys.argv[1]), sys.argv[2], "v"))
    else:
        print(table(TITLE, figures()))
