"""What `nixtui image create` starts from: a host of the flake, an attribute of it, or an image file."""

import asyncio
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import UsageError
from nixtui.cli.output import Tell, narrate
from nixtui.config.paths import cache_dir
from nixtui.fleet.inventory.assembly import locate_flake
from nixtui.images.blocks import Skip, occupied, read_blocks
from nixtui.images.building import VARIANT, Built, inspect
from nixtui.images.creating.planned import Extent
from nixtui.images.creating.source import Source, check_built
from nixtui.images.drifting import flake_name
from nixtui.images.foreseeing import Foreseen, foresee, realise
from nixtui.images.naming import as_image_name
from nixtui.images.qcow2 import as_disk
from nixtui.images.registering import ARCHITECTURES, BOOT_MODES, TAG_CONTENT, TAG_STORE_PATH
from nixtui.nix.flake import Flake

_STORE_PATH = re.compile(r"/nix/store/[0-9a-z]{32}-[^/]+")


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What is known of the image before anything is done. `disk_gib` is exact where the image is there."""

    name: str
    architecture: str
    identity: tuple[str, str]
    source: Source
    extent: Extent
    skip: Skip
    boot_mode: str | None = None
    disk_gib: int | None = None
    system: str | None = None
    store_path: str | None = None
    revision: str | None = None
    flake: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def add_ingredients(parser: ArgumentParser) -> None:
    """Declare what says which image it is to be."""
    parser.add_argument(
        "host", metavar="HOST", nargs="?", help="a configuration of the flake, or #ATTRIBUTE, an image of the flake"
    )
    parser.add_argument("--file", metavar="IMAGE", type=Path, help="an image that is built, or what its build gave")
    parser.add_argument("--name", help="what snapshots and images are called; default: host, version, hash")
    parser.add_argument("--variant", default=VARIANT, help="of system.build.images (amazon)")
    parser.add_argument("--keep-format", action="store_true", help="build it as configured, not as a raw image")
    parser.add_argument("--arch", choices=sorted(ARCHITECTURES), help="of a file that does not say")
    parser.add_argument("--boot-mode", choices=BOOT_MODES, help="default: what the image says")
    parser.add_argument("--tpm", action="store_true", help="with a NitroTPM; needs uefi")
    parser.add_argument("--description", metavar="TEXT")
    parser.add_argument("--size", metavar="GIB", type=int, help="the root volume, where it is larger than the image")
    parser.add_argument("--skip", choices=[each.value for each in Skip], default=Skip.HOLES.value, help="not sent")
    parser.add_argument("--incremental", action="store_true", help="onto the likest one sent from here: what differs")
    parser.add_argument("--kms-key", metavar="ARN", help="encrypt the snapshot with this key")
    parser.add_argument("--system", metavar="PATH", help="the system that a file should boot, for the boot check")
    parser.add_argument("--revision", metavar="REV", help="the configuration's revision, kept as a tag")
    parser.add_argument("--tag", metavar="KEY=VALUE", action="append", default=[], help="any other tag")


async def gather(arguments: Namespace, nixtui: Assembly, tell: Tell = narrate) -> Ingredients:
    """Look at the file, or evaluate; `tell` hears what takes long. Raises `UsageError`, `BadImage`, `NixError`."""
    if (arguments.host is None) == (arguments.file is None):
        raise UsageError("give a HOST of the flake, or --file IMAGE")
    tags = {}
    for text in arguments.tag:
        key, sign, value = text.partition("=")
        if not sign:
            raise UsageError(f'--tag takes KEY=VALUE, not "{text}"')
        tags[key] = value
    if arguments.file is not None:
        return await _of_file(arguments, nixtui, tags, tell)
    return await _of_flake(arguments, nixtui, tags, tell)


async def _of_flake(arguments: Namespace, nixtui: Assembly, tags: dict[str, str], tell: Tell) -> Ingredients:
    environ = nixtui.surroundings.environ
    flake = locate_flake(nixtui.configuration, nixtui.surroundings.cwd, environ)
    if flake is None:
        raise UsageError("there is no flake to build from; name one in [fleet] flake, or run this where one is")
    tell(f"evaluating the image of {arguments.host} …")
    foreseen = await foresee(flake, arguments.host, variant=arguments.variant, force_raw=not arguments.keep_format)
    built = foreseen.built
    architecture = foreseen.architecture or ""
    boot_mode = arguments.boot_mode or (built.boot_mode if built else "uefi" if foreseen.efi else None)
    if built is not None:
        check_built(built, architecture, boot_mode)
    extent, disk_gib = Extent(gib=foreseen.gib), None
    if built is not None:
        extent = await _extent((Path(built.file), *map(Path, built.more)), nixtui, tell)
        disk_gib = extent.gib
    return Ingredients(
        name=arguments.name or _name_of(arguments.host, foreseen),
        architecture=architecture,
        identity=(TAG_STORE_PATH, foreseen.out),
        source=_to_build(arguments.host, flake, foreseen, built, nixtui),
        extent=extent,
        skip=Skip(arguments.skip),
        boot_mode=boot_mode,
        disk_gib=disk_gib,
        system=foreseen.system,
        store_path=foreseen.out,
        revision=arguments.revision or foreseen.revision or await flake.revision(),
        flake=f"{flake_name(flake)}#{arguments.host.lstrip('#')}",
        tags=tags,
    )


def _to_build(host: str, flake: Flake, foreseen: Foreseen, built: Built | None, nixtui: Assembly) -> Source:
    if built is not None:
        return Source(host, files=(Path(built.file), *map(Path, built.more)))
    build = partial(realise, flake, foreseen, nixtui.surroundings.environ)

    async def make(tell: Callable[[str], None]) -> Built:
        return await build(tell)

    return Source(host, build=make, command=f"nix build --no-link --print-build-logs '{foreseen.drv}^*'")


async def _of_file(arguments: Namespace, nixtui: Assembly, tags: dict[str, str], tell: Tell) -> Ingredients:
    given = nixtui.surroundings.cwd / arguments.file
    built = inspect(given) if given.is_dir() else None
    path, more = (Path(built.file), tuple(map(Path, built.more))) if built else (given, ())
    if not arguments.name:
        raise UsageError("an image file has no name of its own; give --name")
    architecture = ARCHITECTURES.get(arguments.arch or "") or (built.architecture if built else None)
    if architecture is None:
        raise UsageError(f"{arguments.file} does not say which processor it is for; give --arch")
    boot_mode = arguments.boot_mode or (built.boot_mode if built else None)
    if built is not None:
        check_built(built, architecture, boot_mode)
    in_store = _STORE_PATH.match(str(path.resolve()))
    store_path = in_store[0] if in_store else None
    if store_path:
        identity, extent = (TAG_STORE_PATH, store_path), await _extent((path, *more), nixtui, tell)
    else:
        tell(f"reading {arguments.file} …")
        async with as_disk(path, cache_dir(nixtui.surroundings.environ) / "images", tell) as disk:
            read = await asyncio.to_thread(read_blocks, disk)
        identity, extent = (TAG_CONTENT, read.identity), Extent(len(read.indexes), read.gib)
    return Ingredients(
        name=arguments.name,
        architecture=architecture,
        identity=identity,
        source=Source(str(arguments.file), files=(path, *more)),
        extent=extent,
        skip=Skip(arguments.skip),
        boot_mode=boot_mode,
        disk_gib=extent.gib,
        system=arguments.system,
        store_path=store_path,
        revision=arguments.revision,
        tags=tags,
    )


async def _extent(paths: tuple[Path, ...], nixtui: Assembly, tell: Tell) -> Extent:
    """How large it is, without reading it. Raises `BadImage`, so also what is no image at all is known now.

    The blocks are those of all disks, the size is that of the last one, which `--size` is about.
    """
    blocks, gib = 0, 1
    for path in paths:
        async with as_disk(path, cache_dir(nixtui.surroundings.environ) / "images", tell) as disk:
            blocks += await asyncio.to_thread(occupied, disk)
            gib = max(1, -(-disk.size // 1024**3))
    return Extent(blocks, gib)


def _name_of(host: str, foreseen: Foreseen) -> str:
    """The host, the version, and enough of the store path that two builds never meet."""
    label = f"-{foreseen.label}" if foreseen.label else ""
    return as_image_name(f"{host.lstrip('#')}{label}", suffix=f"-{foreseen.out.removeprefix('/nix/store/')[:8]}")
