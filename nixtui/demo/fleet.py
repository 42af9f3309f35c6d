"""The demo's fleet from beginning to end: its directory, its hosts, and the configuration that leads to them."""

import asyncio
import os
import shutil
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from random import Random
from typing import Final

import asyncssh

from nixtui.demo.configuration import Listed, write_configuration
from nixtui.demo.directory import demo_directory
from nixtui.demo.history import History
from nixtui.demo.host import DemoHost
from nixtui.demo.installation import install
from nixtui.demo.root import Root
from nixtui.demo.server import LOOPBACK
from nixtui.demo.story import CAST, Character, Door

_KEY: Final = "ssh-ed25519"


@dataclass(frozen=True, slots=True)
class DemoFleet:
    """A fleet that runs. `environ` goes on top of the process's own, so that the user's journal stays untouched.

    `hosts` are those that are switched on, by name.
    """

    directory: Path
    config_path: Path
    environ: Mapping[str, str]
    hosts: Mapping[str, DemoHost]


@asynccontextmanager
async def demo_fleet(
    *,
    seed: int = 0,
    environ: Mapping[str, str] = os.environ,
    clock: Callable[[], float] = time.time,
    cast: Sequence[Character] = CAST,
) -> AsyncIterator[DemoFleet]:
    """Start the fleet, and take all of it away afterwards. The same seed gives the same fleet, but for keys and ports.

    Raises `OSError` when there is no room for it.
    """
    with demo_directory(environ) as directory, _closed_port() as closed:
        async with asyncio.TaskGroup() as tasks:
            builder = _Builder(directory, seed, environ, tasks, clock)
            hosts = {who.name: builder.host(place, who) for place, who in enumerate(cast) if who.door is not Door.CLOSED}
            living = tasks.create_task(_live(hosts.values()))
            try:
                for host in hosts.values():
                    await host.switch_on()
                yield builder.fleet(cast, hosts, closed)
            finally:
                living.cancel()
                for host in hosts.values():
                    await host.switch_off()


async def _live(hosts: Sequence[DemoHost]) -> None:
    while True:
        await asyncio.sleep(1)
        for host in hosts:
            host.tick()
