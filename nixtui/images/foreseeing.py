"""What building an image would give, by evaluating only: its store path, and so whether it is anywhere already."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from nixtui.images.building import BUILD_LIMIT_S, VARIANT, Built, inspect
from nixtui.images.disk import BadImage
from nixtui.images.registering import ARCHITECTURES
from nixtui.model.store_path import is_store_path
from nixtui.nix.flake import Flake
from nixtui.nix.process import clean_line
from nixtui.nix.streaming import stream_nix
from nixtui.nix.strings import attribute_name, nix_string
from nixtui.nix.version import nix_version

_OF_HOST = """
host: let
  raw = { _type = "override"; priority = 50; content = "raw"; };
  forced =
    if !FORCE || !(host ? extendModules) then [ ]
    else if host.options ? image && host.options.image ? modules then
      [ { image.modules.amazon.amazonImage.format = raw; } ]
    else if host.options ? amazonImage then [ { amazonImage.format = raw; } ]
    else [ ];
  chosen = if forced == [ ] then host else host.extendModules { modules = forced; };
  build = chosen.config.system.build;
  image = if build ? images then build.images.${VARIANT} else build.amazonImage;
  inner = image.passthru.config or image.config or chosen.config;
"""
"""Raw is forced by the priority of `lib.mkForce`: nothing has to be unpacked, and holes stay holes. Where nixpkgs has
no such option the image is built as it is. `system.build.images` is there since 25.05, `amazonImage` was before."""

_OF_IMAGE = """
image: let
  inner = image.passthru.config or image.config or { };
"""

_ANSWER = """
in {
  drv = image.drvPath;
  out = image.outPath;
  platform = image.system or null;
  system = inner.system.build.toplevel.outPath or null;
  label = inner.system.nixos.label or null;
  revision = inner.system.configurationRevision or null;
  mib = inner.virtualisation.diskSize or inner.amazonImage.sizeMB or null;
  efi = inner.ec2.efi or null;
}
"""


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """An image that may not be built yet. `system` is the store path of the NixOS in it; `mib` may be `auto`."""

    drv: str
    out: str
    platform: str | None = None
    system: str | None = None
    label: str | None = None
    revision: str | None = None
    mib: int | str | None = None
    efi: bool | None = None

    @property
    def architecture(self) -> str | None:
        """EC2's word for its processor."""
        return ARCHITECTURES.get(self.platform or "")

    @property
    def gib(self) -> int | None:
        """About how large its disk will be, where the configuration says."""
        return -(-self.mib // 1024) if isinstance(self.mib, int) else None

    @property
    def built(self) -> Built | None:
        """What is in it, if it is in the store here. Raises `BadImage`."""
        return inspect(Path(self.out)) if Path(self.out, "nix-support").is_dir() else None


async def foresee(flake: Flake, host: str, *, variant: str = VARIANT, force_raw: bool = True) -> Foreseen:
    """Evaluate the image of a host, or the one that `#ATTRIBUTE` is.

    Raises `NixError`, and `BadImage` where it is no image that EC2 could start.
    """
    found = await flake.ask(*_question(host, variant, force_raw=force_raw), Foreseen)
    assert isinstance(found, Foreseen)
    if not (is_store_path(found.out) and is_store_path(found.drv)):
        raise BadImage(f"the {variant} image of {host} is not one output in the store", "see nix eval of it")
    if found.architecture is None:
        raise BadImage(f"EC2 has no {found.platform or 'such'} instances", "build it for x86_64-linux or aarch64-linux")
    return found


async def recall(flake: Flake, state: str, ways: Sequence[tuple[str, bool]]) -> list[str]:
    """The store paths that evaluations of this state of the flake gave before, each by host and whether raw was forced;
    empty where nothing is remembered. Evaluates nothing, raises nothing.
    """
    found = [await flake.recall(state, *_question(host, VARIANT, force_raw=raw), Foreseen) for host, raw in ways]
    return [each.out for each in found if isinstance(each, Foreseen) and is_store_path(each.out)]


def _question(host: str, variant: str, *, force_raw: bool) -> tuple[str, str]:
    """The attribute and what is asked of it."""
    if host.startswith("#"):
        return host.removeprefix("#"), (_OF_IMAGE + _ANSWER).strip()
    force = "true" if force_raw and variant == VARIANT else "false"
    opening = _OF_HOST.replace("FORCE", force).replace("VARIANT", nix_string(variant))
    return f"nixosConfigurations.{attribute_name(host)}", (opening + _ANSWER).strip()


async def realise(flake: Flake, foreseen: Foreseen, environ: Mapping[str, str], tell: Callable[[str], None]) -> Built:
    """Build it; `tell` hears what nix says. Raises `NixError` and `BadImage`."""
    version = await nix_version(flake.directory, environ)

    def hear(line: bytes) -> bool:
        tell(clean_line(line))
        return False

    answer = await stream_nix(
        ("build", "--no-link", "--json", "--print-build-logs", version.outputs_of(foreseen.drv)),
        directory=flake.directory,
        environ=environ,
        hear=hear,
        time_limit=BUILD_LIMIT_S,
        silence_limit=BUILD_LIMIT_S,
    )
    try:
        (made,) = msgspec.json.decode(answer, type=list[dict[str, Any]])
        path = Path(made["outputs"]["out"])
    except (msgspec.DecodeError, ValueError, KeyError, TypeError) as error:
        raise BadImage("nix built something else than one image", f"see nix build {foreseen.drv}") from error
    return inspect(path)
