"""A repository of secrets as somebody looks at it: what is there, how it differs from its rules, what is ours."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import msgspec

from nixtui.secrets.errors import SecretsError
from nixtui.secrets.identities import load_identities
from nixtui.secrets.repository import Drift, Repository, drift_of, look_around
from nixtui.secrets.safe_file import digest, read_file


class SecretsFound(msgspec.Struct, frozen=True):
    """A repository as it was when somebody looked: nothing of it was decrypted.

    `drift` and `digests` are by the name of a file, the digest being what a later change of the file is recognised by.
    `mine` are the recipients that are ours; `troubles` why a key of ours is of no use.
    """

    repository: Repository
    drift: Mapping[str, Drift]
    digests: Mapping[str, str]
    mine: frozenset[str]
    troubles: tuple[str, ...] = ()


async def look(root: Path, environ: Mapping[str, str]) -> SecretsFound:
    """Read everything under `root`, and which recipients are ours. Raises `SecretsError`."""
    repository = await look_around(root, environ)
    mine = await load_identities(environ)
    drift, digests = await asyncio.to_thread(_compared, repository)
    return SecretsFound(repository, drift, digests, mine.recipients, mine.problems)


def _compared(repository: Repository) -> tuple[dict[str, Drift], dict[str, str]]:
    drift, digests = {}, {}
    for each in repository.files:
        try:
            drift[each.name] = drift_of(each)
            digests[each.name] = digest(read_file(each.path, each.name))
        except SecretsError as error:
            drift[each.name] = Drift(each.name, (), (), (error.reason.removeprefix(f"{each.name}: "),))
    return drift, digests
