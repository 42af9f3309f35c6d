"""`nixtui image …`: disk images as snapshots and AMIs."""

from argparse import ArgumentParser, Namespace
from importlib import import_module
from typing import Any

from nixtui.aws.errors import AwsError, Kind
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import narrate, plain
from nixtui.images.disk import BadImage

_WORDS = {
    "upload": "send a disk image (raw, VHD, qcow2) as an EBS snapshot",
}
"""Each is a module of `nixtui.cli.images` with `add` and `run`."""


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    words = parser.add_subparsers(dest="word", metavar="WHAT", required=True)
    for word, title in _WORDS.items():
        declared = words.add_parser(word, help=title, description=title[0].upper() + title[1:] + ".")
        _module(word).add(declared)


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Do it; what AWS says no to is a sentence."""
    try:
        return Exit(await _module(arguments.word).run(arguments, nixtui))
    except BadImage as error:
        raise UsageError(str(error)) from error
    except AwsError as error:
        narrate(f"nixtui: {plain(str(error))}")
        if error.kind is Kind.UNUSABLE:
            return Exit.USAGE
        return Exit.UNREACHABLE if error.may_pass else Exit.FAILED


def _module(word: str) -> Any:
    return import_module(f"nixtui.cli.images.{word}")
