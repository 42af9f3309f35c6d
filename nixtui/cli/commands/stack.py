"""`nixtui stack …`: hosts that are instances, made, deployed to and destroyed together, by one name."""

from argparse import ArgumentParser, Namespace
from importlib import import_module
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.aws_words import add_words, run_word

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
    add_words(parser, _WORDS, _module)


async def run(arguments: Namespace, nixtui: Assembly) -> int:
    """Do it."""
    return await run_word(arguments, nixtui, _module)


def _module(word: str) -> Any:
    return import_module(f"nixtui.cli.stacks.{word}")
