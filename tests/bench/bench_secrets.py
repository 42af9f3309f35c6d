"""What secrets cost: three hundred files listed with recipients, one value revealed, one saved.

`python -m tests.bench.bench_secrets`. Real sops; a file has a hundred keys where it is read or written.
"""

import asyncio
import os
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pyrage

from nixtui.secrets.edit import Put
from nixtui.secrets.editing import reveal, save
from nixtui.secrets.identities import load_identities
from nixtui.secrets.process import Runner
from nixtui.secrets.program import find_sops
from nixtui.secrets.repository import look_around
from nixtui.secrets.secret import Secret
from tests.bench.figures import Figure, at_most, table

TITLE = "Secrets"
_FILES = 300
_KEYS = 100
_RUNS = 15


def figures() -> list[Figure]:
    """Everything, in a directory of its own."""
    with TemporaryDirectory() as directory:
        return asyncio.run(_measure(Path(directory)))


async def _measure(root: Path) -> list[Figure]:
    identity = pyrage.x25519.Identity.generate()
    key = root / "key.txt"
    key.write_text(f"{identity}\n")
    environ = {"PATH": os.environ["PATH"], "HOME": str(root), "SOPS_AGE_KEY_FILE": str(key)}
    recipient = str(identity.to_public())
    _fill(root, recipient, environ)
    runner = Runner(sops=find_sops(environ), identities=await load_identities(environ), environ=environ)
    path = root / "large.yaml"
    count = iter(range(10_000))

    async def show() -> object:
        return await reveal(runner, path, path.name, ("key50",))

    async def change() -> object:
        return await save(runner, path, path.name, [Put(("key50",), Secret(f"value {next(count)}"))])

    return [
        at_most(
            f"{_FILES} files listed with recipients", await _median(lambda: look_around(root, environ), 5), "ms", 500
        ),
        at_most(f"a value of {_KEYS} revealed", await _median(show, _RUNS), "ms", 60),
        at_most(f"a value of {_KEYS} saved", await _median(change, _RUNS), "ms", 150),
    ]


def _fill(root: Path, recipient: str, environ: dict[str, str]) -> None:
    """One file of a hundred keys, and many of ten: copies, as what they hold does not matter to a list."""
    (root / ".sops.yaml").write_text(f"keys:\n- &me {recipient}\ncreation_rules:\n- age: *me\n")
    for name, keys in (("large.yaml", _KEYS), ("small.yaml", 10)):
        (root / name).write_text("".join(f"key{number}: value {number}\n" for number in range(keys)))
        words = [find_sops(environ).path, "encrypt", "--age", recipient, "-i", name]
        subprocess.run(words, cwd=root, env=environ, check=True, capture_output=True)
    content = (root / "small.yaml").read_bytes()
    for number in range(_FILES - 2):
        (root / f"file{number}.yaml").write_bytes(content)


async def _median(act: Callable[[], Awaitable[object]], runs: int) -> float:
    """Milliseconds."""
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        await act()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


if __name__ == "__main__":
    print(table(TITLE, figures()))
