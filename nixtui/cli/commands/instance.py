"""`nixtui instance …`: instances of EC2 and the groups that start them."""

from argparse import ArgumentParser, Namespace
from importlib import import_module
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.aws_words import add_words, run_word

_WORDS = {
    "list": "instances over regions: state, checks, image, group, and what a replacement would run",
    "show": "all that EC2 knows of one instance",
    "doors": "the ways into an instance that SSH cannot reach, and why others cannot work",
    "connect": "a session on an instance by the first way in that works, or by a named one",
    "console": "what an instance wrote on its console, or a picture of its screen",
    "recover": "what gets an instance back whose configuration, access or store is broken, step by step",
    "trust": "put a host's key into known_hosts where the console of its instance shows the same",
    "launch": "start a new instance from an image",
    "start": "start instances that are stopped",
    "stop": "stop instances",
    "reboot": "reboot instances by EC2",
    "terminate": "terminate instances",
    "replace-root": "put the disk of another image into a running instance, which keeps its addresses",
    "shift": "move traffic from one target group to another (blue-green), with a way back",
    "swap": "put one auto scaling group in the place of another (blue-green), with a way back",
    "refresh": "roll an auto scaling group onto an image, with a way back",
}
"""Each is a module of `nixtui.cli.instances` with `add` and `run`; the acts share one."""

_ACTS = frozenset({"start", "stop", "reboot", "terminate"})


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_words(parser, _WORDS, _module)


async def run(arguments: Namespace, nixtui: Assembly) -> int:
    """Do it."""
    return await run_word(arguments, nixtui, _module)


def _module(word: str) -> Any:
    return import_module(f"nixtui.cli.instances.{'act' if word in _ACTS else word.replace('-', '_')}")
