"""Hosts that speak the probe's protocol from memory: thousands of them fit into a test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from nixtui.model.host import Host
from nixtui.remote.errors import RemoteError, Unreachable
from nixtui.remote.transport import Channel, Completed, Script, Transport

FACTS = {
    "current_system": "/nix/store/0-nixos-system-web-25.11",
    "generation": "412",
    "load": "0.10 0.20 0.30",
    "systemd_state": "running",
    "failed_units": "none",
}


class MemoryHost:
    """A host: change `facts` and the next tick tells. It may be silent, lose lines of its blocks, be cut off, or fail
    with `error` when it is connected to."""

    def __init__(self, host: Host, happened: Callable[[], None]) -> None:
        self.host = host
        self.happened = happened
        self.facts = dict(FACTS)
        self.error: RemoteError | None = None
        self.is_silent = False
        self.least_interval = 0.0
        self.loses_blocks = False
        self.connected_at: list[float] = []
        self.requests: list[tuple[float, str]] = []
        self.channels: list[MemoryChannel] = []

    @property
    def open_channels(self) -> int:
        return sum(not channel.is_closed for channel in self.channels)

    def say(self, *lines: str) -> None:
        """Print something in between."""
        for line in lines:
            self.channels[-1].say(line)

    def cut(self) -> None:
        """The link goes down."""
        for channel in self.channels:
            channel.end()


class MemoryChannel:
    exit_status = None
    stderr = ""

    def __init__(self, host: MemoryHost, nonce: str) -> None:
        self._host = host
        self._mark = f"#nixtui-probe {nonce}"
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._told: dict[str, str] = {}
        self._number = 0
        self.is_closed = False
        if not host.is_silent:
            self.say(f"{self._mark} hello 1")
            self._answer("full")

    def say(self, line: str) -> None:
        self._lines.put_nowait(line)

    def end(self) -> None:
        self._lines.put_nowait(None)

    async def lines(self) -> AsyncIterator[str]:
        while (line := await self._lines.get()) is not None:
            yield line

    def write(self, text: str) -> None:
        for request in text.split():
            self._host.requests.append((asyncio.get_running_loop().time(), request))
            self._host.happened()
            if not self._host.is_silent:
                self._answer(request)

    async def close(self) -> None:
        self.is_closed = True
        self._host.happened()

    def _answer(self, request: str) -> None:
        self._number += 1
        facts = self._host.facts
        news = facts if request == "full" else {key: facts[key] for key in facts if facts[key] != self._told.get(key)}
        self._told = dict(facts)
        if not news:
            self.say(f"{self._mark} alive {self._number}")
            return
        self.say(f"{self._mark} begin {self._number} {'all' if request == 'full' else 'news'}")
        if not self._host.loses_blocks:
            for key, value in news.items():
                self.say(f"{key} {value}")
        self.say(f"{self._mark} end {self._number} {len(news)}")


@dataclass
class MemoryTransport:
    memory_host: MemoryHost

    @property
    def least_interval(self) -> float:
        return self.memory_host.least_interval

    @property
    def host(self) -> Host:
        return self.memory_host.host

    async def run(
        self,
        script: Script,
        *arguments: str,
        elevated: bool = False,
        timeout: float = 1,  # noqa: ASYNC109 - as the protocol has it
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        raise Unreachable(self.host.name, "it only answers the probe")

    @asynccontextmanager
    async def open(self, script: Script, *arguments: str, elevated: bool = False) -> AsyncIterator[Channel]:
        channel = MemoryChannel(self.memory_host, arguments[0])
        self.memory_host.channels.append(channel)
        self.memory_host.happened()
        try:
            yield channel
        finally:
            await channel.close()

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[Transport]:
        yield self

    async def close(self) -> None:
        pass


@dataclass
class MemoryFleet:
    """Connections to hosts in memory, made as they are asked for."""

    hosts: dict[str, MemoryHost] = field(default_factory=dict)
    _happened: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until this is true; looked at whenever a host is connected to, asked or left."""
        async with asyncio.timeout(15):
            while not condition():
                self._happened.clear()
                await self._happened.wait()

    async def connect(self, host: Host) -> Transport:
        known = self.of(host)
        known.connected_at.append(asyncio.get_running_loop().time())
        self._happened.set()
        if known.error is not None:
            raise known.error
        return MemoryTransport(known)

    def of(self, host: Host) -> MemoryHost:
        known = self.hosts.get(host.name)
        if known is None or known.host != host:
            known = self.hosts[host.name] = MemoryHost(host, self._happened.set)
        return known

    def __getitem__(self, name: str) -> MemoryHost:
        return self.hosts[name]


def named(names: Iterable[str], environment: str | None = None) -> list[Host]:
    """Hosts of these names."""
    return [Host(name=name, address=name, environment=environment) for name in names]
