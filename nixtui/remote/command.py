"""One command of the operator's on one host: what it prints as it comes, how it ends, and ending it early."""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Final

from nixtui.remote.errors import NoAnswer, Unreachable
from nixtui.remote.transport import Channel, Script, Transport, load_script

_END_PATIENCE_S: Final = 5.0
"""SIGTERM, two seconds, SIGKILL (`scripts/command.sh`), and a slow link."""


class TimedOut(Exception):
    """The command did not end within its time and was ended; `is_certain` when the host confirmed that."""

    def __init__(self, *, is_certain: bool) -> None:
        self.is_certain = is_certain


@cache
def _script() -> Script:
    return load_script("command")


async def run_command(
    transport: Transport,
    text: str,
    on_line: Callable[[str], None],
    *,
    as_root: bool,
    limit: float,
) -> int:
    """Run `text` by `sh -c`; its exit status, 128 + N for signal N. `on_line` gets both of its outputs, line by line.

    Raises `TimedOut` after `limit` seconds, `Unreachable` when the link is lost, and whatever `open` raises. When this
    is cancelled, the command is ended on the host.
    """
    async with transport.open(_script(), "root" if as_root else "login", text, elevated=as_root) as channel:
        try:
            async with asyncio.timeout(limit):
                await _follow(channel, on_line)
        except TimeoutError as error:
            raise TimedOut(is_certain=await _end(channel, on_line)) from error
        if channel.exit_status is None:
            raise Unreachable(transport.host.name, "the link was lost while the command ran")
        return channel.exit_status


async def _follow(channel: Channel, on_line: Callable[[str], None]) -> None:
    async for line in channel.lines():
        on_line(line)
        await asyncio.sleep(0)  # a host that floods must not keep all others waiting


async def _end(channel: Channel, on_line: Callable[[str], None]) -> bool:
    """Ask the host to end the command; whether it said that it did."""
    channel.write("end\n")
    try:
        async with asyncio.timeout(_END_PATIENCE_S):
            await _follow(channel, on_line)
    except (TimeoutError, NoAnswer):
        return False
    return channel.exit_status is not None
