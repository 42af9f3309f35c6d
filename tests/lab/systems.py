"""A host's own layer over the base: its name, its keys, its Nix store with all its systems, its /boot."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from tests.lab.base import in_root
from tests.lab.cache import cached, recipe_hash
from tests.lab.machine import run

NIX: Final = Path(__file__).parent / "nix"

#: How long before a lab comes up its hosts' generations were made, by the letter they have in generations.nix.
AGES: Final = {
    "A": timedelta(days=52),
    "B": timedelta(days=38),
    "C": timedelta(days=27),
    "D": timedelta(days=12, hours=20),
    "E": timedelta(days=2, hours=5),
    "F": timedelta(hours=3),
}

#: Generation numbers as fleets have them: some were deleted, none begin at one for long. Hosts take them in turn.
PROFILES: Final = (
    {150: "A", 151: "B", 152: "C", 153: "D", 154: "E", 155: "F"},
    {38: "B", 39: "C", 41: "E", 42: "F"},
    {8: "B", 9: "C", 10: "D", 11: "E", 12: "F"},
    {1: "D", 2: "E", 3: "F"},
)


#: What is in a layer, beside it.
_CONTENTS: Final = "contents.json"


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation of the system profile as it is on a fresh host."""

    number: int
    path: str
    age: timedelta

    @property
    def link(self) -> str:
        return f"/nix/var/nix/profiles/system-{self.number}-link"


@dataclass(frozen=True, slots=True)
class Layer:
    """A built host: its files over the base, the seed of its /boot, and what is in its store."""

    folder: Path
    base: Path
    generations: tuple[Generation, ...]
    #: Systems that break on purpose, by name; store paths that nothing roots.
    variants: Mapping[str, str]

    @classmethod
    def load(cls, folder: Path) -> "Layer":
        """A layer as it was built, whatever the recipe says today."""
        built = json.loads((folder / _CONTENTS).read_text())
        paths = built["paths"]
        generations = (
            Generation(int(number), paths["generation"][letter], AGES[letter])
            for number, letter in built["profile"].items()
        )
        return cls(folder, Path(built["base"]), tuple(generations), paths["variant"])

    @property
    def files(self) -> Path:
        return self.folder / "files"

    @property
    def boot(self) -> Path:
        return self.folder / "boot"

    @property
    def host_key(self) -> str:
        """The public key of the host's sshd."""
        return (self.files / "etc/ssh/ssh_host_ed25519_key.pub").read_text().strip()


def host_layer(host: str, index: int, base: Path) -> Layer:
    """The layer of the host with this name, the index-th of its lab, built when it is not in the cache."""
    profile = PROFILES[index % len(PROFILES)]
    recipe = recipe_hash(str(base), json.dumps(profile), NIX, Path(__file__))
    return Layer.load(cached(f"{host}-{recipe}", lambda building: _build(building, host, profile, base)))


def _build(folder: Path, host: str, profile: Mapping[int, str], base: Path) -> None:
    files = folder / "files"
    files.mkdir()
    with _mounted_over(base, files, folder) as root:
        (root / "etc/hostname").write_text(f"{host}\n")
        (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {host}\n")
        (root / "etc/machine-id").write_text(hashlib.sha256(f"nixtui-lab {host}".encode()).hexdigest()[:32] + "\n")
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", host, "-f", root / "etc/ssh/ssh_host_ed25519_key")

        shutil.copytree(NIX, root / "root/nix")
        pairs = [f"{number}:{letter}" for number, letter in profile.items()]
        paths = json.loads(in_root(root, "sh", "/root/nix/build-systems.sh", host, *pairs))
        (folder / _CONTENTS).write_text(json.dumps({"base": str(base), "profile": profile, "paths": paths}))
        shutil.rmtree(root / "root/nix")

        shutil.copytree(root / "boot", folder / "boot")
        shutil.rmtree(root / "boot")
        (root / "boot").mkdir()


@contextmanager
def _mounted_over(base: Path, files: Path, folder: Path) -> Iterator[Path]:
    root, work = folder / "root", folder / "work"
    root.mkdir()
    work.mkdir()
    run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={base},upperdir={files},workdir={work}", root)
    try:
        yield root
    finally:
        run("umount", root)
    root.rmdir()
    shutil.rmtree(work)
