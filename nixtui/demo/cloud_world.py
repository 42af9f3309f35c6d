"""What is in the demo's AWS: the hosts as instances, images of what they were launched from, two groups."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from nixtui.demo.history import Commit, History
from nixtui.demo.store_path import store_path
from nixtui.demo.story import Character, Door

REGIONS: Final = ("eu-central-1", "eu-west-1", "eu-west-2", "us-east-1")
NIXOS, DETERMINATE = "427812963091", "535002876703"

_IMAGED: Final = (1, 3, 6, 8)
"""The commits that images were made of."""

_PUBLISHED_BEFORE_S: Final = 14 * 3600.0
"""How long before a nixpkgs update of the demo's the images of that release were published."""

_GONE: Final = 1
"""The images of this commit are deregistered."""

_EACH_S: Final = 5.0
"""How long one instance of a roll takes; AWS takes minutes."""

_DEPLOYED_AFTER_S: Final = 600.0
"""How long after its launch a host is deployed to first."""

_LAUNCHED_WITH: Final = {"web-4": 6, "web-6": 6, "edge-fra-1": 6}
"""Hosts that were launched anew since they were first deployed to: the commit of their image."""

_TYPES: Final = {
    "web": "c7i.xlarge", "app": "m7i.2xlarge", "db": "r7i.4xlarge", "cache": "r7i.xlarge", "build": "c7i.8xlarge",
    "edge": "t3.medium", "backup": "t3.xlarge", "log": "r7i.2xlarge",
}  # fmt: skip

_GROUPS: Final = {"shop-web": ("prod", "web", "3"), "stage-web": ("staging", "web", "$Latest")}
"""Auto scaling groups: environment and role of their members, and the version of their template."""


def world(
    cast: Sequence[Character],
    history: History,
    now: float,
    *,
    host_keys: Mapping[str, str] = MappingProxyType({}),
    seed: int = 0,
    pace: float = 1.0,
) -> dict[str, Any]:
    """As JSON takes it; times are Unix seconds. `host_keys` are fingerprints by host, for their consoles. The same
    `seed` gives the same ids. Rolls take `pace` times as long as they say.
    """
    commits = {each.number: each for each in history.commits}
    images = [*_own(cast, commits), *_official(commits)]
    return {
        "now": now,
        "seed": seed,
        "each_s": _EACH_S * pace,
        "regions": list(REGIONS),
        "images": images,
        "instances": [{**_instance(who, commits), "host_key": host_keys.get(who.name)} for who in cast],
        "groups": list(_groups(cast)),
        "parameters": [
            {"name": f"/shop/{role}/ami", "region": REGIONS[0], "image": f"{role}-8"} for role in ("web", "app")
        ],
    }


def _image_of(who: Character) -> int:
    """The newest image there was when the host was launched."""
    first = _LAUNCHED_WITH.get(who.name, who.commits[0])
    return max((each for each in _IMAGED if each <= first), default=_IMAGED[0])


def _own(cast: Sequence[Character], commits: dict[int, Commit]) -> Iterator[dict[str, Any]]:
    """One per role, commit and region where hosts of that role are."""
    places = sorted({(who.role, who.place[:-1]) for who in cast})
    for role, region in places:
        for number in _IMAGED:
            commit = commits[number]
            version = commit.nixos_version
            image = store_path(f"nixos-image-amazon-{version}-x86_64-linux", role, commit.revision)
            yield {
                "key": f"{role}-{number}",
                "region": region,
                "name": f"shop/{role}-{version}-x86_64-linux",
                "owner": "self",
                "created_at": commit.deployed_at - 3600,
                "gib": 20 if role == "db" else 8,
                "gone": number == _GONE,
                "deprecated_days": 90 if number < 8 else 0,
                "tags": {
                    "Name": f"shop/{role}",
                    "nixtui:revision": commit.revision,
                    "nixtui:store-path": image,
                    "nixtui:system": store_path(f"nixos-system-{role}-{version}", commit.revision),
                    "nixtui:builder": "nixtui",
                },
            }


def _official(commits: dict[int, Commit]) -> Iterator[dict[str, Any]]:
    """What NixOS and Determinate Systems publish."""
    for region in REGIONS:
        for number in (9, 7, 6):
            commit = commits[number]
            for system in ("x86_64-linux", "aarch64-linux"):
                version, made_at = commit.nixos_version, commit.deployed_at - _PUBLISHED_BEFORE_S
                yield _public(NIXOS, region, f"nixos/{version}-{system}", made_at)
                if number > 6:
                    name = f"determinate/nixos/epoch-1/{version}-{system}.{commit.revision[:8]}-1"
                    yield _public(DETERMINATE, region, name, made_at + 3 * 3600)


def _public(owner: str, region: str, name: str, created_at: float) -> dict[str, Any]:
    return {
        "key": name,
        "region": region,
        "name": name,
        "owner": owner,
        "created_at": created_at,
        "gib": 4,
        "gone": False,
        "deprecated_days": 90,
        "tags": {},
    }


def _instance(who: Character, commits: dict[int, Commit]) -> dict[str, Any]:
    number = _image_of(who)
    return {
        "name": who.name,
        "zone": who.place,
        "type": _TYPES[who.role],
        "image": f"{who.role}-{number}",
        "launched_at": commits[_LAUNCHED_WITH.get(who.name, who.commits[0])].deployed_at - _DEPLOYED_AFTER_S,
        "tags": {"Name": who.name, "env": who.environment, "role": who.role},
        "agent": None if who.environment == "archive" else "ConnectionLost" if who.door is Door.CLOSED else "Online",
        "is_public": who.role == "edge",
        "impaired": who.door is Door.CLOSED,
        "event_in_days": 3 if who.name == "edge-iad-1" else None,
    }


def _groups(cast: Sequence[Character]) -> Iterator[dict[str, Any]]:
    for name, (environment, role, version) in _GROUPS.items():
        members = [who for who in cast if (who.environment, who.role) == (environment, role)]
        if members:
            yield {
                "name": name,
                "region": members[0].place[:-1],
                "version": version,
                "type": _TYPES[role],
                "images": [f"{role}-{number}" for number in _IMAGED],
                "members": {who.name: _IMAGED.index(_image_of(who)) + 1 for who in members},
            }
