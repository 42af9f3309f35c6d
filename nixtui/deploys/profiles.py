"""Profiles of a node of deploy-rs beside its system: which, whose, and where their links lead now."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nixtui.model.closure import Closure
from nixtui.nix.deploy_rs import DeployProfile, DeployTarget
from nixtui.nix.errors import NixError
from nixtui.nix.wanted import SYSTEM_PROFILE
from nixtui.remote.profiles import Linked, Sought

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,60}")
"""What deploy-rs takes for one (its interface.json); nixtui has it in names of units as well."""

_OWNER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}")

_LINK = re.compile(r"/[^\x00-\x1f\x7f]{1,1000}")


class BadProfile(ValueError):
    """A profile cannot be deployed as the flake has it; the message says why."""


@dataclass(frozen=True, slots=True)
class Wished:
    """What a node is to have: its profiles in their order, and what was built for those beside the system."""

    node: DeployTarget
    built: Mapping[str, str | NixError]

    @property
    def beside(self) -> tuple[DeployProfile, ...]:
        """The profiles that are not the system's."""
        return tuple(each for each in self.node.profiles if not each.is_system)

    @property
    def system(self) -> DeployProfile | None:
        """How the system is deployed, where it has one."""
        return next((each for each in self.node.profiles if each.is_system), None)

    @property
    def order(self) -> tuple[str, ...]:
        """The names of all profiles, the system's under its own, in the order they are deployed in."""
        return tuple(SYSTEM_PROFILE if each.is_system else each.name for each in self.node.profiles)


@dataclass(frozen=True, slots=True)
class CustomProfile:
    """A profile beside the system, as it was built and as the host has it: `link` leads to `leads`, if it is there."""

    said: DeployProfile
    closure: Closure
    link: str = ""
    leads: str | None = None

    @property
    def path(self) -> str:
        """What the link is to lead to."""
        return self.closure.root

    def on_host(self, found: Linked) -> "CustomProfile":
        """The same, as the host has it."""
        return CustomProfile(self.said, self.closure, found.link, found.leads)


def sought(profile: DeployProfile) -> Sought:
    """What to ask a host for. Raises `BadProfile`."""
    if _NAME.fullmatch(profile.name) is None:
        raise BadProfile(f"deploy-rs takes no such name for a profile: {profile.name!r}")
    owner = profile.owner
    if owner is None:
        raise BadProfile(f"the flake says neither user nor sshUser of profile {profile.name}")
    if _OWNER.fullmatch(owner) is None:
        raise BadProfile(f"{owner!r}, whose profile {profile.name} is to be, is no name of a user")
    if profile.profile_path is not None and _LINK.fullmatch(profile.profile_path) is None:
        raise BadProfile(f"profilePath of {profile.name} is no path: {profile.profile_path!r}")
    return Sought(name=profile.name, owner=owner, link=profile.profile_path)
