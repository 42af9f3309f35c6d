"""`nixtui image …`, `instance …` and `stack …`: a module for each word; what AWS says no to is a sentence."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from typing import Any

from nixtui.aws.errors import AwsError, Kind
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.output import narrate, plain

FindModule = Callable[[str], Any]
"""The module of a word, with `add` and `run`."""


def add_words(parser: ArgumentParser, titles: Mapping[str, str], find: FindModule) -> None:
    """Declare the words with what each is for, and the arguments of each."""
    words = parser.add_subparsers(dest="word", metavar="WHAT", required=True)
    for word, title in titles.items():
        declared = words.add_parser(word, help=title, description=title[0].upper() + title[1:] + ".")
        find(word).add(declared)


async def run_word(arguments: Namespace, nixtui: Assembly, find: FindModule) -> int:
    """Do what was said. A session exits as what ran in it, everything else as `Exit` has it."""
    try:
        return int(await find(arguments.word).run(arguments, nixtui))
    except AwsError as error:
        narrate(f"nixtui: {plain(str(error))}")
        if error.kind is Kind.UNUSABLE:
            return Exit.USAGE
        return Exit.UNREACHABLE if error.may_pass else Exit.FAILED
