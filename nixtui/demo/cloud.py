"""The demo's AWS: moto in a process of the demo's own, on loopback, which begins when somebody asks for it.

A process, as moto takes two seconds of processor to import and holds the interpreter for long when it answers: the
screen would stutter. Its socket listens from the start, so that whoever connects first waits until it is there.
"""

import asyncio
import json
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from typing import Any

from nixtui.demo.server import LOOPBACK

NONE = "none"
"""Stands for the address where nixtui was installed without what the demo's AWS takes."""

_NEEDED = ("moto", "flask", "werkzeug", "boto3")
_WAITING = 128
"""Connections that may wait for it to begin."""


def is_installed() -> bool:
    """Whether the extra `demo` is there; imports nothing."""
    return all(find_spec(name) is not None for name in _NEEDED)


@asynccontextmanager
async def demo_cloud(world: Callable[[], Any], *, warm_after_s: float | None = None) -> AsyncIterator[str]:
    """The address of an AWS that has `world` (see `cloud_world`) in it; `NONE` without the extra.

    It begins with the first connection, or after so many seconds, and asks for its world then; it is gone with the
    context. Should this process be killed, it ends by itself.
    """
    if not is_installed():
        yield NONE
        return
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen(_WAITING)
        serving = asyncio.create_task(_serve(listener, world, warm_after_s))
        try:
            yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            serving.cancel()
            await asyncio.wait((serving,))


async def _serve(listener: socket.socket, world: Callable[[], Any], warm_after_s: float | None) -> None:
    await _wanted(listener, warm_after_s)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "nixtui.demo.cloud_server",
        str(listener.fileno()),
        pass_fds=(listener.fileno(),),
        stdin=PIPE,
        stdout=DEVNULL,
        stderr=DEVNULL,
        start_new_session=True,
    )
    try:
        listener.close()  # should it end, connections are refused instead of waiting for ever
        assert process.stdin is not None
        process.stdin.write(json.dumps(world()).encode() + b"\n")
        with suppress(ConnectionError):
            await process.stdin.drain()
        await process.wait()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _wanted(listener: socket.socket, warm_after_s: float | None) -> None:
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(listener.fileno(), asked.set)
    try:
        async with asyncio.timeout(warm_after_s):
            await asked.wait()
    except TimeoutError:
        return
    finally:
        loop.remove_reader(listener.fileno())
