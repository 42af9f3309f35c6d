"""`nixtui secrets`: secret files of the repository here, their keys, values and recipients."""

from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable

from nixtui.cli.assembly import Assembly
from nixtui.cli.commands import (
    secrets_changing,
    secrets_making,
    secrets_people,
    secrets_reading,
    secrets_recipients,
    secrets_versions,
)
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import narrate, plain
from nixtui.secrets.errors import SecretsError, Trouble

Verb = Callable[[Namespace, Assembly], Awaitable[Exit]]

_MODULES = (secrets_reading, secrets_changing, secrets_making, secrets_recipients, secrets_people, secrets_versions)
_VERBS: dict[str, Verb] = {verb: act for module in _MODULES for verb, act in module.VERBS.items()}

_EXITS = {
    Trouble.BAD_KEY: Exit.USAGE,
    Trouble.BAD_RULES: Exit.USAGE,
    Trouble.NO_SOPS: Exit.USAGE,
    Trouble.NO_SUCH_FILE: Exit.USAGE,
    Trouble.NO_SUCH_KEY: Exit.USAGE,
    Trouble.NO_MERGE: Exit.USAGE,
    Trouble.NO_RULE: Exit.USAGE,
    Trouble.KMS_UNREACHABLE: Exit.UNREACHABLE,
    Trouble.TIMED_OUT: Exit.UNREACHABLE,
    Trouble.GUARDED: Exit.REFUSED,
    Trouble.LOCKED: Exit.REFUSED,
}


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for module in _MODULES:
        module.add(verbs)


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Do what was asked; errors of secrets are one sentence."""
    try:
        return await _VERBS[arguments.verb](arguments, nixtui)
    except SecretsError as error:
        if error.trouble is Trouble.GUARDED:
            narrate(f"refused: {plain(str(error))}")
        else:
            narrate(f"nixtui: {plain(str(error))}")
        return _EXITS.get(error.trouble, Exit.FAILED)
    except UsageError as error:
        narrate(f"nixtui: {plain(str(error))}")
        return Exit.USAGE
