"""The processes of one demo host. Each leads a session of its own, so that all of its children can be ended with it."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar, cast


class Child(asyncio.SubprocessProtocol):
    """A process of a host. `ended` is its exit status, negative for a signal."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.is_killed = False
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It runs."""
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def process_exited(self) -> None:
        """It ended; its pipes may still be held open by its children."""
        status = self._process.get_returncode()
        self.ended.set_result(0 if status is None else status)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """It ended, and nobody holds its pipes any more."""
        self.close()

    @property
    def pid(self) -> int:
        """Also the number of its process group."""
        return self._process.get_pid()

    def pipe(self, fd: int) -> asyncio.BaseTransport | None:
        """Our end of one of its pipes."""
        return self._process.get_pipe_transport(fd)

    def signal(self, number: int) -> bool:
        """Signal it and its children; false when none of them is left. Zombies count until somebody reaps them."""
        self.is_killed |= number == signal.SIGKILL
        return _signal(self.pid, number)

    def close(self) -> None:
        """Let go of a process that ended."""
        self._process.close()

    @property
    def _process(self) -> asyncio.SubprocessTransport:
        assert self._transport is not None, "no process was started"
        return self._transport


C = TypeVar("C", bound=Child)


class Processes:
    """Starts processes in a host's environment and knows them until none of their children is left.

    `tasks` are those of the host.
    """

    def __init__(self, environ: Mapping[str, str], tasks: asyncio.TaskGroup) -> None:
        self.tasks = tasks
        self._root = environ.get("NIXTUI_ROOT")
        self._environ = dict(environ)
        self._running: set[Child] = set()
        self._strays: set[int] = set()

    async def start(
        self, make: Callable[[], C], *command: str, environ: Mapping[str, str] | None = None, pipes: bool = False
    ) -> C:
        """Start a command, with `environ` on top of the host's own, and with `pipes` or nothing on its descriptors."""
        way = PIPE if pipes else DEVNULL
        _, child = await asyncio.get_running_loop().subprocess_exec(
            make,
            *command,
            env={**self._environ, **(environ or {})},
            stdin=way,
            stdout=way,
            stderr=way,
            cwd=self._root,
            start_new_session=True,
        )
        self._running.add(child)
        child.ended.add_done_callback(lambda _: self._note_end(child))
        return child

    async def end(self, child: Child, patience: float) -> None:
        """Ask a process and its children to end, and kill what is left after `patience` seconds."""
        child.signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await asyncio.shield(child.ended)
                while not child.is_killed and child.signal(0):  # noqa: ASYNC110 - nothing tells when a process group is empty
                    await asyncio.sleep(0.02)
        child.signal(signal.SIGKILL)
        await asyncio.shield(child.ended)

    def forget_strays(self) -> None:
        """Forget groups that have no members: their number may become somebody else's one day."""
        self._strays = {group for group in self._strays if _signal(group, 0)}

    async def kill_all(self) -> None:
        """End everything at once, and wait until it is gone."""
        for group in self._strays:
            _signal(group, signal.SIGKILL)
        self._strays.clear()
        running = tuple(self._running)
        for child in running:
            child.signal(signal.SIGKILL)
        for child in running:
            await asyncio.shield(child.ended)
            child.close()

    def _note_end(self, child: Child) -> None:
        self._running.discard(child)
        if child.signal(0):
            self._strays.add(child.pid)


def _signal(group: int, number: int) -> bool:
    """Signal a process group; false when it has no members (macOS says EPERM of one that has only zombies)."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
