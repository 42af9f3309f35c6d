"""Disk images for tests: sparse raw files, and VHDs made by qemu-img, which nixpkgs makes them with."""

import random
import subprocess
from pathlib import Path

MIB = 2**20


def sparse(path: Path, size: int, extents: int = 12, *, most: int = 2 * MIB, seed: int = 1) -> Path:
    """A raw disk with a boot sector and some data, the rest holes."""
    chance = random.Random(seed)  # noqa: S311 # the same disk each time
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(510)
        file.write(b"\x55\xaa")
        for _ in range(extents):
            length = chance.randrange(4096, most) // 512 * 512
            file.seek(chance.randrange(0, size - length) // 4096 * 4096)
            file.write(chance.randbytes(length))
    return path


def convert(raw: Path, path: Path, form: str, *options: str) -> Path:
    """The same disk in another format."""
    words = ["qemu-img", "convert", "-f", "raw", "-O", form, *options, str(raw), str(path)]
    subprocess.run(words, check=True, capture_output=True)
    return path


def dynamic_vhd(raw: Path, path: Path) -> Path:
    return convert(raw, path, "vpc", "-o", "subformat=dynamic,force_size=on")


def fixed_vhd(raw: Path, path: Path) -> Path:
    return convert(raw, path, "vpc", "-o", "subformat=fixed,force_size=on")
