"""A repository of secrets as somebody looks at it: what is there, how it differs from its rules, what is ours."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from time import time
from typing import Final

import msgspec

from nixtui.secrets.document import read_document
from nixtui.secrets.errors import SecretsError
from nixtui.secrets.identities import Identities, load_identities
from nixtui.secrets.repository import Drift, Repository, drift_of, look_around
from nixtui.secrets.safe_file import digest, read_file

_CLOCKS_DIFFER_S: Final = 2.0
"""Between this machine and the one that keeps its files, and between the ticks of either."""


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


async def look(root: Path, environ: Mapping[str, str], clock: Callable[[], float] = time) -> SecretsFound:
    """Read everything under `root`, and which recipients are ours. Raises `SecretsError`."""
    began = clock()
    repository = await look_around(root, environ)
    mine = await load_identities(environ)
    return await asyncio.to_thread(_compared, repository, mine, began - _CLOCKS_DIFFER_S)


def _compared(repository: Repository, mine: Identities, began: float) -> SecretsFound:
    """What was changed since we `began` is read again: its digest is that of what is shown."""
    files, drift, digests = [], {}, {}
    for each in repository.files:
        file = each
        try:
            content = read_file(each.path, each.name)
            if each.document is not None and each.path.stat().st_mtime > began:
                document = read_document(content, each.name)
                file = msgspec.structs.replace(
                    each, document=document, recipients=document.recipients, keys=len(document.leaves)
                )
            drift[each.name] = drift_of(file)
            digests[each.name] = digest(content)
        except (SecretsError, OSError) as error:
            reason = error.reason if isinstance(error, SecretsError) else error.strerror or "it cannot be read"
            drift[each.name] = Drift(each.name, (), (), (reason.removeprefix(f"{each.name}: "),))
        files.append(file)
    found = msgspec.structs.replace(repository, files=tuple(files))
    return SecretsFound(found, drift, digests, mine.recipients, mine.problems)
