"""What is in the keys of a hive: read here, from the hive, from a file, or from what a command prints.

Values are secrets. They come through pipes, are remembered nowhere, and no error has anything of one in it.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from nixtui.nix.colmena import HiveKey, key_texts
from nixtui.nix.errors import NixError
from nixtui.nix.flake import Flake

COMMAND_LIMIT_S = 120.0
"""A password store may ask for a passphrase, in a window of its own."""

MOST_BYTES = 4 * 2**20


class KeyUnreadable(NixError):
    """The value of a key could not be had."""


async def key_values(flake: Flake, node: str, keys: Mapping[str, HiveKey]) -> dict[str, bytes]:
    """The value of every key of a node, by the key's name in the hive. Raises `NixError`."""
    texts = await key_texts(flake, node) if any(key.has_text for key in keys.values()) else {}
    found = {}
    for attribute, key in keys.items():
        if key.key_command is not None:
            found[attribute] = await _printed(key, key.key_command, flake)
        elif key.key_file is not None:
            found[attribute] = await _read(key, flake.directory / key.key_file)
        else:
            text = texts.get(attribute)
            if text is None:
                raise KeyUnreadable(f"key {key.name} has neither text nor keyFile nor keyCommand")
            found[attribute] = text.encode()
        if len(found[attribute]) > MOST_BYTES:
            raise KeyUnreadable(f"key {key.name} has more than {MOST_BYTES >> 20} MiB")
    return found


async def _read(key: HiveKey, file: Path) -> bytes:
    try:
        return await asyncio.to_thread(file.read_bytes)
    except OSError as error:
        raise KeyUnreadable(f"keyFile of {key.name} cannot be read: {file}: {error.strerror}") from None


async def _printed(key: HiveKey, command: tuple[str, ...], flake: Flake) -> bytes:
    """What the command prints. What it says on standard error is for the operator's terminal, as with Colmena."""
    if not command:
        raise KeyUnreadable(f"keyCommand of {key.name} is empty")
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=flake.directory,
            env=dict(flake.environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise KeyUnreadable(f"keyCommand of {key.name} cannot be run: {command[0]}: {error.strerror}") from None
    try:
        async with asyncio.timeout(COMMAND_LIMIT_S):
            value, _ = await process.communicate()
    except TimeoutError:
        raise KeyUnreadable(f"keyCommand of {key.name} did not end within {COMMAND_LIMIT_S:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise KeyUnreadable(f"keyCommand of {key.name} failed (exit {process.returncode})", "run it by hand to see why")
    return value
