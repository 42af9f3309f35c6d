"""The secrets of the directory that the command was started in."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from nixtui.cli.assembly import Assembly
from nixtui.cli.evaluating import flake_found
from nixtui.cli.output import narrate, plain
from nixtui.secrets.document import Format
from nixtui.secrets.identities import load_identities
from nixtui.secrets.process import Runner
from nixtui.secrets.program import find_sops
from nixtui.secrets.repository import Repository, SecretFile, find_root, look_around, no_such_file


class Here(NamedTuple):
    """A repository, and a file of it that was asked for."""

    repository: Repository
    file: SecretFile


def secrets_root(nixtui: Assembly) -> Path:
    """The repository of the flake that `[fleet] flake` names, if it is a directory; else the one that we are in."""
    named = flake_found(nixtui) if nixtui.configuration.fleet.flake is not None else None
    if named is not None and named.reference.startswith(".") and named.directory.is_dir():
        return find_root(named.directory.resolve())
    return find_root(nixtui.surroundings.cwd)


async def repository_here(nixtui: Assembly) -> Repository:
    """Everything under the repository that we are in; problems of rules are told."""
    found = await look_around(secrets_root(nixtui), nixtui.surroundings.environ)
    for problem in found.problems:
        narrate(plain(problem))
    return found


async def file_here(nixtui: Assembly, text: str) -> Here:
    """One file. Raises `SecretsError` where it is none of the secrets, or cannot be read."""
    repository = await repository_here(nixtui)
    file = repository.file(text, nixtui.surroundings.cwd)
    if file is None:
        raise no_such_file(text)
    if file.problem is not None:
        raise file.problem
    return Here(repository, file)


async def runner_here(nixtui: Assembly, say: Callable[[str], None] = narrate) -> Runner:
    """sops with the keys of the person here; `say` is told of keys that are of no use."""
    environ = nixtui.surroundings.environ
    mine = await load_identities(environ)
    for problem in mine.problems:
        say(plain(problem))
    return Runner(sops=await asyncio.to_thread(find_sops, environ), identities=mine, environ=environ)


def is_age(file: SecretFile) -> bool:
    """Whether it is agenix's."""
    return file.format is Format.AGE
