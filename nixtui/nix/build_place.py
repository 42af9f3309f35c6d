"""Where systems are built, and the exact commands for that. nixtui has no scheduler: Nix distributes, if asked to.

The commands are those of deploy-rs (`remoteBuild`) and of nixos-rebuild (`--build-host`): the derivations are copied to
the other store first, then built in it, with this machine's store as the one they come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nixtui.nix.version import NixVersion

EVENTS: Final = ("--log-format", "internal-json", "-v")
"""What the build tree is grown from; `-v` for the lists of what will be built."""

Words = tuple[str, ...]
"""What follows `nix`."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What a build is told beside what to build. `builders` is Nix's own list of machines."""

    keep_going: bool = False
    builders: str | None = None
    substituters: str | None = None
    more: tuple[tuple[str, str], ...] = ()
    """Settings of nix.conf, as `--option NAME VALUE`."""

    @property
    def words(self) -> Words:
        """As nix takes them."""
        return (
            *(("--keep-going",) if self.keep_going else ()),
            *(("--builders", self.builders) if self.builders is not None else ()),
            *(("--option", "substituters", self.substituters) if self.substituters is not None else ()),
            *(word for name, value in self.more for word in ("--option", name, value)),
        )


@dataclass(frozen=True, slots=True)
class BuildPlace:
    """A store to build in: this machine's (`None`), or another (`ssh-ng://HOST`, `local?root=DIR`).

    `bring_back` copies what was built there to this machine. `push_to` is a store that gets the result, such as a
    binary cache (`s3://…`) that hosts substitute from.
    """

    store: str | None = None
    bring_back: bool = False
    push_to: str | None = None

    @property
    def is_here(self) -> bool:
        """No other machine is touched to build."""
        return self.store is None

    def deliver(self, drv_paths: Sequence[str]) -> Words | None:
        """Copy the derivations to where they are built; `None` where they are there.

        `-s`: what the other side can substitute is not sent.
        """
        if self.store is None:
            return None
        return ("copy", "-s", "--to", self.store, "--derivation", *drv_paths, *EVENTS)

    def build(self, drv_paths: Sequence[str], version: NixVersion, options: BuildOptions) -> Words:
        """Build all outputs. One process for all: Nix knows what they share."""
        there = ("--eval-store", "auto", "--store", self.store) if self.store is not None else ()
        outputs = tuple(version.outputs_of(each) for each in drv_paths)
        return ("build", *outputs, "--no-link", "--json", *there, *options.words, *EVENTS)

    def dry_run(self, drv_paths: Sequence[str], version: NixVersion, options: BuildOptions) -> Words:
        """Say what would be built and fetched."""
        return (*self.build(drv_paths, version, options), "--dry-run")

    def fetch(self, out_paths: Sequence[str]) -> Words | None:
        """Copy back what was built; `None` where it is here or stays there. What we asked to be built is trusted."""
        if self.store is None or not self.bring_back:
            return None
        return ("copy", "--no-check-sigs", "--from", self.store, *out_paths, *EVENTS)

    def push(self, out_paths: Sequence[str]) -> Words | None:
        """Copy the result on, from where it was built."""
        if self.push_to is None:
            return None
        source = ("--from", self.store) if self.store is not None and not self.bring_back else ()
        return ("copy", *source, "--to", self.push_to, *out_paths, *EVENTS)

    def ask_valid(self, out_paths: Sequence[str]) -> Words:
        """Ask which of these are there, whole. Invalid ones are answered for as well, by every version.

        Without substituters: an old nix asks them about what is not there, and `--offline` does not stop it.
        """
        there = ("--store", self.store) if self.store is not None else ()
        return ("path-info", "--json", "--option", "substituters", "", *there, *out_paths)
