"""`nixtui image …`: disk images as snapshots and AMIs."""

from argparse import ArgumentParser, Namespace
from importlib import import_module
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.aws_words import add_words, run_word
from nixtui.cli.exits import UsageError
from nixtui.images.disk import BadImage

_WORDS = {
    "create": "from a configuration to AMIs in every region, as one operation that goes on where it was cut off",
    "build": "build the disk image of a host's configuration",
    "upload": "send a disk image (raw, VHD, qcow2) as an EBS snapshot",
    "discard": "delete a snapshot that no image uses, such as one of an upload that was given up",
    "left": "what nixtui made at AWS and nothing uses, with the command that removes it",
    "register": "make an AMI of a snapshot",
    "list": "AMIs over regions: age, size, deprecation, visibility, revision",
    "copy": "copy an AMI into other regions",
    "share": "let other accounts, organisations or everybody use an AMI",
    "deprecate": "have others no longer find an AMI from a time on",
    "publish": "tell which AMI is current: SSM parameter, Terraform variables, manifest",
    "retire": "deregister AMIs and delete their snapshots, where nothing uses them",
    "bin": "what lies in the recycle bin, and until when it can be had back",
    "restore": "have AMIs and snapshots back from the recycle bin",
}
"""Each is a module of `nixtui.cli.images` with `add` and `run`."""


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_words(parser, _WORDS, _module)


async def run(arguments: Namespace, nixtui: Assembly) -> int:
    """Do it."""
    try:
        return await run_word(arguments, nixtui, _module)
    except BadImage as error:
        raise UsageError(str(error)) from error


def _module(word: str) -> Any:
    return import_module(f"nixtui.cli.images.{word}")
