"""Building the disk image of a configuration, and what nixpkgs tells about it in `nix-support`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from nixtui.images.disk import BadImage
from nixtui.images.registering import ARCHITECTURES
from nixtui.nix.flake import Flake
from nixtui.nix.process import run_nix
from nixtui.nix.strings import attribute_name

BUILD_LIMIT_S = 4 * 3600.0
VARIANT = "amazon"


@dataclass(frozen=True, slots=True)
class Built:
    """An image in the store. `architecture` and `boot_mode` are EC2's words, `None` where the image does not say.

    `file` is the disk that starts; `more` are the disks beside it: images with ZFS have their pool on one of its own.
    """

    store_path: str
    file: str
    label: str | None = None
    architecture: str | None = None
    boot_mode: str | None = None
    more: tuple[str, ...] = ()


def attribute(name: str, variant: str) -> str:
    """Where nixpkgs has it since 25.05 (`nixos-rebuild build-image` builds the same)."""
    return f"nixosConfigurations.{attribute_name(name)}.config.system.build.images.{variant}"


async def build(flake: Flake, name: str, environ: Mapping[str, str], *, variant: str = VARIANT) -> Built:
    """Build it. Raises `NixError`, and `BadImage` where what was built is no image of the kind that can be sent."""
    wanted = f"{flake.reference}#{attribute(name, variant)}"
    answer = await run_nix(
        ("build", "--no-link", "--json", wanted),
        directory=flake.directory,
        environ=environ,
        time_limit=BUILD_LIMIT_S,
    )
    try:
        (made,) = msgspec.json.decode(answer, type=list[dict[str, Any]])
        path = Path(made["outputs"]["out"])
    except (msgspec.DecodeError, ValueError, KeyError, TypeError) as error:
        raise BadImage(f"nix built something else than one image of {name}", f"see nix build {wanted}") from error
    return inspect(path)


def inspect(path: Path) -> Built:
    """What is in a build's output. Raises `BadImage`.

    `image-info.json` names the file but never its format; `hydra-build-products` is there in older nixpkgs, too.
    """
    told = _info(path / "nix-support/image-info.json")
    more: tuple[str, ...] = ()
    disks = told.get("disks")
    if isinstance(disks, dict) and len(disks) > 1:
        first, more = _both(disks)
        told["file"] = first
    file = told.get("file") or _product(path / "nix-support/hydra-build-products")
    if not isinstance(file, str) or not Path(file).is_file():
        raise BadImage(f"{path} has no image in it", "its nix-support/image-info.json should name one")
    return Built(
        store_path=str(path),
        file=file,
        label=_text(told.get("label")),
        architecture=ARCHITECTURES.get(str(told.get("system"))),
        boot_mode=_text(told.get("boot_mode")),
        more=more,
    )


def _both(disks: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The disk that starts and the one with the ZFS pool. Raises `BadImage` for disks that nobody knows the use of."""
    if set(disks) != {"boot", "root"}:
        raise BadImage(
            f"the image has {len(disks)} disks ({', '.join(map(str, disks))}), and which one starts is not known",
            "send each file by itself: nixtui image upload FILE",
        )
    first, second = (disks[name].get("file") if isinstance(disks[name], dict) else None for name in ("boot", "root"))
    for file in (first, second):
        if not isinstance(file, str) or not Path(file).is_file():
            raise BadImage("the image has two disks, and one of them is not there", "build it again")
    return str(first), (str(second),)


def _info(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return {}


def _product(path: Path) -> str | None:
    """`file FORMAT PATH`, the path perhaps in quotes."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return None
    words = next((line.split(None, 2) for line in lines if line.startswith("file ")), [])
    return words[2].strip('"') if len(words) == 3 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
