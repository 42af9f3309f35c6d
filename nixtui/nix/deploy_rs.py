"""`deploy.nodes` in full, as deploy-rs reads it (deploy-rs: interface.json, src/data.rs, src/lib.rs).

A setting of a profile wins over that of its node, and that over the one for all; `sshOpts` are joined, the most
specific first. No system is evaluated for it: `path` is left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from nixtui.nix.errors import NixBadAnswer, NixError, NixFailed
from nixtui.nix.flake import Flake
from nixtui.nix.nodes import Answers, ask_each
from nixtui.nix.wanted import SYSTEM_PROFILE

SYSTEM_LINK: Final = "/nix/var/nix/profiles/system"

_SETTINGS: Final = (
    "sshUser user sshOpts fastConnection autoRollback magicRollback confirmTimeout activationTimeout tempPath sudo "
    "remoteBuild interactiveSudo"
)

_DEPLOY_IN_FULL: Final = """deploy: let
  known = builtins.listToAttrs (map (name: { inherit name; value = null; }) [ SETTINGS "profilePath" ]);
  settings = set: builtins.intersectAttrs known set;
in {
  names = builtins.attrNames deploy.nodes;
  describe = name: let node = deploy.nodes.${name}; in {
    hostname = node.hostname or null;
    order = node.profilesOrder or [ ];
    all = builtins.removeAttrs (settings deploy) [ "profilePath" ];
    node = builtins.removeAttrs (settings node) [ "profilePath" ];
    profiles = builtins.mapAttrs (_: settings) (node.profiles or { });
  };
}""".replace("SETTINGS", " ".join(f'"{name}"' for name in _SETTINGS.split()))


class Generic(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What may be said for all, for a node and for a profile; `None` where it is not said. Timeouts in seconds."""

    ssh_user: str | None = None
    user: str | None = None
    ssh_opts: tuple[str, ...] = ()
    fast_connection: bool | None = None
    auto_rollback: bool | None = None
    magic_rollback: bool | None = None
    confirm_timeout: int | None = None
    activation_timeout: int | None = None
    temp_path: str | None = None
    sudo: str | None = None
    remote_build: bool | None = None
    interactive_sudo: bool | None = None


class RawProfile(Generic, frozen=True):
    """A profile as it is written."""

    profile_path: str | None = None


class RawNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node as it is written, with what is said for all beside it."""

    hostname: str | None = None
    order: tuple[str, ...] = ()
    all: Generic = Generic()
    node: Generic = Generic()
    profiles: Mapping[str, RawProfile] = {}


class DeployProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A profile with everything decided; the defaults are those of deploy-rs.

    `ssh_user` and `user` stay `None` where nobody says: the local user, and the ssh user; so do the timeouts (seconds),
    for which deploy-rs has 30 and 240 and nixtui what is configured. `profile_path` is `None` where it follows from
    `user` and `name` (see `fixed_path`); `temp_path` is where deploy-rs has its canary.
    """

    name: str
    ssh_user: str | None = None
    user: str | None = None
    ssh_opts: tuple[str, ...] = ()
    profile_path: str | None = None
    fast_connection: bool = False
    auto_rollback: bool = True
    magic_rollback: bool = True
    confirm_timeout: int | None = None
    activation_timeout: int | None = None
    temp_path: str = "/tmp"  # noqa: S108 - the default that deploy-rs documents
    sudo: str | None = None
    remote_build: bool = False
    interactive_sudo: bool = False

    @property
    def owner(self) -> str | None:
        """Whose profile it is; `None` for the local user's name."""
        return self.user or self.ssh_user

    @property
    def is_system(self) -> bool:
        """Whether it is NixOS's own; where nobody says whose, that of this name is nobody else's."""
        return self.fixed_path == SYSTEM_LINK or (self.name == SYSTEM_PROFILE and self.owner is None)

    @property
    def sudo_words(self) -> str:
        """What comes before the owner's name; a password on standard input needs other options."""
        return self.sudo or ("sudo -S -p '' -u" if self.interactive_sudo else "sudo -u")

    @property
    def needs_sudo(self) -> bool:
        """Whether the login is somebody else than the owner."""
        return self.user is not None and self.user != self.ssh_user

    @property
    def fixed_path(self) -> str | None:
        """The profile's link where that is the same on every host; of other users only the host knows."""
        if self.profile_path is not None:
            return self.profile_path
        if self.owner != "root":
            return None
        if self.name == SYSTEM_PROFILE:
            return SYSTEM_LINK
        return f"/nix/var/nix/profiles/per-user/root/{self.name}"


class DeployTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A node with its profiles in the order they are deployed in."""

    name: str
    hostname: str
    profiles: tuple[DeployProfile, ...]


async def deploy_targets(flake: Flake, names: Sequence[str]) -> Answers[DeployTarget]:
    """The nodes in full; `names` are all of them, sorted as Nix does. One that is broken hides no other."""
    raw = await ask_each(flake, "deploy", _DEPLOY_IN_FULL, names, RawNode)
    return {name: each if isinstance(each, NixError) else target(name, each) for name, each in raw.items()}


def target(name: str, raw: RawNode) -> DeployTarget | NixError:
    """A node with everything decided, or what is wrong with it."""
    if raw.hostname is None:
        return NixFailed(f"deploy.nodes.{name} has no hostname", "deploy-rs insists on one")
    unknown = [each for each in raw.order if each not in raw.profiles]
    if unknown:
        return NixBadAnswer(f"profilesOrder of {name} names {unknown[0]}, which is none of its profiles")
    # The rest comes in any order with deploy-rs; here the system first, which may make the users of the others.
    order = dict.fromkeys((*raw.order, *(name for name in (SYSTEM_PROFILE,) if name in raw.profiles), *raw.profiles))
    return DeployTarget(
        name=name,
        hostname=raw.hostname,
        profiles=tuple(_profile(each, (raw.profiles[each], raw.node, raw.all)) for each in order),
    )


def _profile(name: str, said: tuple[RawProfile, Generic, Generic]) -> DeployProfile:
    """The first who says a thing is right; options of ssh are all given."""
    decided: dict[str, Any] = {}
    for each in Generic.__struct_fields__:
        if each != "ssh_opts":
            value = next((found for level in said if (found := getattr(level, each)) is not None), None)
            if value is not None:
                decided[each] = value
    options = tuple(option for level in said for option in level.ssh_opts)
    return DeployProfile(name=name, ssh_opts=options, profile_path=said[0].profile_path, **decided)
