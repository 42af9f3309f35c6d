"""Profiles beside the system's on a host: whose they are, where their links are, where those lead."""

from collections.abc import Sequence
from functools import cache

import msgspec

from nixtui.model.store_path import require_store_path
from nixtui.remote.errors import BadAnswer
from nixtui.remote.transport import Completed, Script, Transport, load_script

DRY_LIMIT_S = 120.0


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """A profile that is asked for; without a `link` it is where deploy-rs puts profiles of that owner."""

    name: str
    owner: str
    link: str | None = None


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """Where a profile is; `leads` to nothing where there is none yet."""

    link: str
    leads: str | None


class NoSuchOwner(BadAnswer):
    """A profile belongs to a user that the host does not have."""


@cache
def _script() -> Script:
    return load_script("profiles", "links", "owner")


async def look(transport: Transport, sought: Sequence[Sought]) -> list[Linked]:
    """Where each of these is, as root: homes are closed to others. Raises a `RemoteError`, `NoSuchOwner` among them."""
    words = [word for each in sought for word in (each.owner, each.name, each.link or "")]
    return parse_look(transport.host.name, await transport.run(_script(), "look", *words, elevated=True), len(sought))


def parse_look(host: str, completed: Completed, count: int) -> list[Linked]:
    """The answer of `scripts/profiles.sh look`. Raises `BadAnswer` when it is not all of one."""
    links: list[str] = []
    leads: list[str | None] = []
    lines = completed.stdout.splitlines()
    for line in lines:
        word, _, value = line.partition(" ")
        match word:
            case "nobody":
                raise NoSuchOwner(host, f"has no user {value}, who a profile is for")
            case "link":
                links.append(value)
            case "leads":
                leads.append(value or None)
    if "looked" not in lines or len(links) != count or len(leads) != count:
        said = completed.stderr.strip().splitlines()
        raise BadAnswer(host, f"could not say where its profiles are: {said[-1][:200] if said else 'no word'}")
    return [Linked(link=link, leads=target) for link, target in zip(links, leads, strict=True)]


async def dry_activate(transport: Transport, owner: str, path: str) -> tuple[int | None, list[str]]:
    """What activating `path` would do, in its own words, and its exit status. Raises a `RemoteError`."""
    done = await transport.run(_script(), "dry", owner, require_store_path(path), elevated=True, timeout=DRY_LIMIT_S)
    return done.exit_status, done.stdout.splitlines()
