"""A transport without a network: the same shell text that is sent over SSH, given to a shell on this machine."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from nixtui.model.host import Host
from nixtui.remote.errors import NoAnswer
from nixtui.remote.output import LineSplitter, clean
from nixtui.remote.program import program
from nixtui.remote.transport import DEFAULT_TIMEOUT_S, MAX_ANSWER_BYTES, Channel, Completed, Script

SHELLS = ("dash", "bash", "busybox ash")
"""Every script that runs on hosts must run under each of these."""


class LocalChannel:
    """A shell that keeps running; reads no faster than its lines are taken."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue()
        self._splitter = LineSplitter(self._waiting.put_nowait)
        self.stderr = ""

    @property
    def exit_status(self) -> int | None:
        return self.process.returncode

    async def lines(self) -> AsyncIterator[str]:
        assert self.process.stdout is not None
        while received := await self.process.stdout.read(2**16):
            self._splitter.feed(received)
            while not self._waiting.empty():
                yield self._waiting.get_nowait() or ""
        self._splitter.end()
        assert self.process.stderr is not None
        self.stderr = clean((await self.process.stderr.read(4000)).decode(errors="replace"))
        await self.process.wait()
        while not self._waiting.empty():
            yield self._waiting.get_nowait() or ""

    def write(self, text: str) -> None:
        assert self.process.stdin is not None
        if not self.process.stdin.is_closing():
            self.process.stdin.write(text.encode())

    async def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            async with asyncio.timeout(2):
                await self._drain()
        except TimeoutError:
            self.process.kill()
            await self._drain()

    async def _drain(self) -> None:
        """Wait for the process; asyncio counts it as ended only when its pipes are, so what nobody wants is read."""
        for pipe in (self.process.stdout, self.process.stderr):
            while pipe is not None and await pipe.read(2**16):
                pass
        await self.process.wait()


@dataclass
class LocalTransport:
    """`Transport` over `SHELL -s` here; `environment` is added to this process's own (`NIXTUI_ROOT`, `PATH`).

    `channels` are those that were opened, for tests that pull a plug.
    """

    host: Host
    shell: str = "dash"
    environment: Mapping[str, str] = field(default_factory=dict)
    channels: list[LocalChannel] = field(default_factory=list)

    async def run(
        self,
        script: Script,
        *arguments: str,
        elevated: bool = False,
        timeout: float = DEFAULT_TIMEOUT_S,  # noqa: ASYNC109 - as the protocol has it
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        process = await self._start()
        try:
            async with asyncio.timeout(timeout):
                stdout, stderr = await process.communicate(program(script, arguments).encode())
        except TimeoutError:
            raise NoAnswer(self.host.name, f"{script.name} did not end within {timeout:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if on_line is not None:
            splitter = LineSplitter(on_line)
            splitter.feed(stdout)
            splitter.end()
        kept, rest = stdout[:MAX_ANSWER_BYTES], stdout[MAX_ANSWER_BYTES:]
        text, errors = (clean(output.decode(errors="replace")) for output in (kept, stderr))
        return Completed(process.returncode, text, errors, truncated=bool(rest))

    @asynccontextmanager
    async def open(self, script: Script, *arguments: str, elevated: bool = False) -> AsyncIterator[Channel]:
        channel = LocalChannel(await self._start())
        self.channels.append(channel)
        channel.write(program(script, arguments))
        try:
            yield channel
        finally:
            await channel.close()

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator["LocalTransport"]:
        yield LocalTransport(self.host, self.shell, self.environment)

    async def close(self) -> None:
        for channel in self.channels:
            await channel.close()

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.shell.split(),
            "-s",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **self.environment},
        )
