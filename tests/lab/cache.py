"""What takes long to make and never changes: kept under the hash of its recipe, made whole or not at all."""

import fcntl
import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.lab.machine import unmount_all

#: Seconds.
UNUSED_AFTER: Final = 24 * 3600


def cache_dir() -> Path:
    configured = os.environ.get("NIXTUI_LAB_CACHE")
    return Path(configured) if configured else Path.home() / ".cache" / "nixtui-lab"


def recipe_hash(*ingredients: str | Path) -> str:
    """A short hash of texts, files and folders; of files also the name and whether they are executable."""
    digest = hashlib.sha256(platform.machine().encode())
    for ingredient in ingredients:
        if isinstance(ingredient, str):
            digest.update(ingredient.encode() + b"\0")
            continue
        files = sorted(p for p in ingredient.rglob("*") if p.is_file()) if ingredient.is_dir() else [ingredient]
        for file in files:
            executable = os.access(file, os.X_OK)
            digest.update(f"{file.relative_to(ingredient.parent)}\0{executable}\0".encode())
            digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def cached(name: str, build: Callable[[Path], None]) -> Path:
    """The cached folder `name`; if there is none, `build` fills a fresh one, which then takes the name.

    An interrupted build leaves only a folder that no name leads to; the next build removes it. Builds of the same
    name wait for each other.
    """
    folder = cache_dir() / name
    if folder.is_dir():
        os.utime(folder)
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _exclusive(folder.with_name(f".{folder.name}.lock")):
        if folder.is_dir():
            return folder
        _remove_unfinished(folder)
        building = Path(tempfile.mkdtemp(prefix=f".{folder.name}.building-", dir=folder.parent))
        building.chmod(0o755)
        try:
            build(building)
        except BaseException:
            _remove(building)
            raise
        building.rename(folder)
    return folder


def forget_unused() -> None:
    """Remove what no lab has asked for in a day and no host runs on, such as the versions before a recipe changed."""
    mounts = Path("/proc/self/mountinfo").read_text()
    for folder in cache_dir().iterdir():
        unused = time.time() - folder.stat().st_mtime > UNUSED_AFTER
        if unused and folder.is_dir() and str(folder) not in mounts:
            _remove(folder)


def _remove_unfinished(folder: Path) -> None:
    for left in folder.parent.glob(f".{folder.name}.building-*"):
        _remove(left)


def _remove(folder: Path) -> None:
    unmount_all(folder)
    shutil.rmtree(folder)


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
