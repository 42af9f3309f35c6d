"""Commands of the command line that are typed in the app: the same words, the same plan, asked about on the screen."""

import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from nixtui.aws.logins import Logins
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import UsageError
from nixtui.cli.images.login import logins_of
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan

_MODULES = {
    "image create": "images.create",
    "image discard": "images.discard",
    "image register": "images.register",
    "image publish": "images.publish",
    "instance replace-root": "instances.replace_root",
    "instance shift": "instances.shift",
    "instance swap": "instances.swap",
    "stack create": "stacks.create",
    "stack destroy": "stacks.destroy",
}
"""Each has `add` and `prepare`."""

_NOT_HERE = {
    "--yes": "you are asked here",
    "--dry-run": "every plan is shown before anything is done",
    "--json": "it is for the command line",
    "--show-commands": "c shows them in the dialog",
    "--reason": "it is asked for in the dialog where one is needed",
}


class LiveTyped:
    """`keep` remembers what was prepared until somebody says yes.

    Each command has logins of its own, as in a shell.
    """

    commands: Sequence[str] = tuple(_MODULES)

    def __init__(self, nixtui: Assembly, keep: Callable[[Prepared], Plan]) -> None:
        self._nixtui = nixtui
        self._keep = keep
        self._opened: list[Logins] = []

    async def end(self) -> None:
        """Take no more calls."""
        for each in self._opened:
            await each.__aexit__(None, None, None)

    def options(self, command: str) -> Sequence[str]:
        """What may follow it, as it is written: `--copy-to`."""
        actions = _parser(command)._actions
        return tuple(word for each in actions for word in each.option_strings if word not in _NOT_HERE)

    def subject(self, command: str, text: str) -> str:
        """What it is about, in one word: its first operand. Raises `UsageError` where the words make no sense."""
        arguments, first = _parse(command, text), _parser(command)._get_positional_actions()[0].dest
        told = getattr(arguments, first)
        return str(getattr(arguments, "file", None) if told is None else told[0] if isinstance(told, list) else told)

    async def plan(self, command: str, text: str) -> tuple[Plan, Sequence[str]]:
        """Also what one decides by. Raises `UsageError` and what the command raises."""
        arguments = _parse(command, text)
        logins = logins_of(arguments, self._nixtui)
        self._opened.append(logins)
        prepared: Prepared = await _module(command).prepare(arguments, self._nixtui, logins, _nobody)
        return self._keep(prepared), [line for lines in prepared.known.values() for line in lines]


def _nobody(_: str) -> None:
    """The dialog says that it waits."""


class _Words(ArgumentParser):
    """What does not fit is an error of ours; argparse would print, and end the app."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _parser(command: str) -> ArgumentParser:
    parser = _Words(prog=command, add_help=False)
    _module(command).add(parser)
    return parser


def _module(command: str) -> Any:
    return import_module(f"nixtui.cli.{_MODULES[command]}")


def _parse(command: str, text: str) -> Namespace:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"the quotes do not match ({error})") from error
    for word in words:
        name = word.partition("=")[0]
        if name in _NOT_HERE:
            raise UsageError(f"{name} is not needed: {_NOT_HERE[name]}")
    return _parser(command).parse_args(words, Namespace(profile=None, region=None, several_profiles=False))
