"""Building the systems of a flake, one host after the other, with the plain nix command."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from nixtui.nix.errors import NixBadAnswer, NixError
from nixtui.nix.streaming import stream_nix

BUILD_LIMIT_S = 6 * 3600.0
"""A kernel on a small machine takes hours; whoever watches stops what takes too long."""

AT_ONCE = 2
"""Evaluating a system takes a gigabyte of memory or more."""


class _Built(msgspec.Struct):
    """One derivation of `nix build --json`."""

    outputs: Mapping[str, str]


async def build_toplevels(
    reference: str,
    attributes: Mapping[str, str],
    *,
    directory: Path,
    environ: Mapping[str, str],
    tell: Callable[[str, str], None],
) -> dict[str, str | NixError]:
    """The toplevel of each host's `nixosConfigurations` attribute, by host name, or why there is none.

    `tell` gets a host's name and a line that nix printed while it worked for it.
    """
    room = asyncio.Semaphore(AT_ONCE)

    async def build(name: str, attribute: str) -> str | NixError:
        async with room:
            try:
                return await _build(f"{reference}#{attribute}", directory, environ, lambda line: tell(name, line))
            except NixError as error:
                return error

    async with asyncio.TaskGroup() as group:
        tasks = {name: group.create_task(build(name, attribute)) for name, attribute in attributes.items()}
    return {name: task.result() for name, task in tasks.items()}


def toplevel_attribute(name: str) -> str:
    """The attribute of a host's system in a flake; a name with a dot in it is one name."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return f'nixosConfigurations."{quoted}".config.system.build.toplevel'


async def _build(installable: str, directory: Path, environ: Mapping[str, str], tell: Callable[[str], None]) -> str:
    def hear(line: bytes) -> bool:
        tell(line.decode(errors="replace"))
        return False

    answer = await stream_nix(
        ("build", "--no-link", "--json", installable),
        directory=directory,
        environ=environ,
        hear=hear,
        time_limit=BUILD_LIMIT_S,
        silence_limit=BUILD_LIMIT_S,
    )
    try:
        (built,) = msgspec.json.decode(answer, type=list[_Built])
        return built.outputs["out"]
    except (msgspec.DecodeError, ValueError, KeyError) as error:
        raise NixBadAnswer(f"nix build answered something unexpected: {error}") from error
