"""`nixtui stack …`: hosts that are instances, made, deployed to and destroyed together, by one name."""

from argparse import ArgumentParser, Namespace
from importlib import import_module
from typing import Any

from nixtui.aws.errors import AwsError, Kind
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.output import narrate, plain

_WORDS = {
    "create": "launch what is missing of a stack, and wait until it is up and known",
    "deploy": "build, copy and activate the systems of its hosts, as nixtui deploy does",
    "ssh": "the real ssh to one of its hosts",
    "list": "stacks that are declared, and others that are there",
    "show": "the hosts of a stack: what is there, and in what it is another than declared",
    "destroy": "terminate the instances of a stack",
}
"""Each is a module of `nixtui.cli.stacks` with `add` and `run`."""


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    words = parser.add_subparsers(dest="word", metavar="WHAT", required=True)
    for word, title in _WORDS.items():
        declared = words.add_parser(word, help=title, description=title[0].upper() + title[1:] + ".")
        _module(word).add(declared)


async def run(arguments: Namespace, nixtui: Assembly) -> int:
    """Do it; what AWS says no to is a sentence."""
    try:
        return int(await _module(arguments.word).run(arguments, nixtui))
    except AwsError as error:
        narrate(f"nixtui: {plain(str(error))}")
        if error.kind is Kind.UNUSABLE:
            return Exit.USAGE
        return Exit.UNREACHABLE if error.may_pass else Exit.FAILED


def _module(word: str) -> Any:
    return import_module(f"nixtui.cli.stacks.{word}")
