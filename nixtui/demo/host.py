"""One host of the demo while it is switched on: a service manager, a kernel's files, and a door to come in by."""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from random import Random
from typing import Final
from uuid import UUID

import asyncssh

from nixtui.demo.bus import Bus
from nixtui.demo.bygone import write_bygone
from nixtui.demo.chatter import Chatter
from nixtui.demo.host_log import HostLog
from nixtui.demo.installation import Installation
from nixtui.demo.processes import Processes
from nixtui.demo.root import Root
from nixtui.demo.server import SshServer
from nixtui.demo.story import Character
from nixtui.demo.system import UnitFile
from nixtui.demo.systemctl import Systemctl
from nixtui.demo.systemd import Systemd
from nixtui.demo.vitals import Vitals

_TALK_BEFORE_S: Final = 45 * 60.0
_TALK_EVERY_S: Final = 4.0
"""How much of its journal is there at first, and how far apart its lines are."""
REBOOT_S: Final = 6.0
"""How long it is gone: shorter than a real machine, long enough to be seen."""


class DemoHost:
    """Made of an installed root. `tasks` are the fleet's; `random` decides everything that varies."""

    def __init__(
        self,
        character: Character,
        root: Root,
        installation: Installation,
        *,
        keys: tuple[asyncssh.SSHKey, asyncssh.SSHKey],
        environ: Mapping[str, str],
        tasks: asyncio.TaskGroup,
        random: Random,
        clock: Callable[[], float],
    ) -> None:
        self.character = character
        self.root = root
        self.installation = installation
        self.host_key, _ = keys
        self._rebooting: asyncio.Task[None] | None = None
        self._tasks = tasks
        self._random = random
        self._clock = clock
        self._booted_at = installation.booted_at
        self._said: tuple[str, int] | None = None
        self._log = HostLog(root.at("/var/log/journal"), character.name, clock)
        self._vitals = Vitals(root, character, random)
        self._chatter = Chatter(self._log, character.role, random)
        self._processes = Processes(
            {**environ, "NIXTUI_ROOT": str(root.directory), "NIXTUI_HOST": character.name}, tasks
        )
        self._systemd = Systemd(self._processes, self._log, tasks, clock, self._show_state, character.name)
        systemctl = Systemctl(self._systemd, self._reload, self._request_reboot, lambda: self._uptime)
        self._bus = Bus(root.at("/run/systemd"), systemctl.answer, tasks)
        self._server = SshServer(self._processes, *keys)

    @property
    def port(self) -> int:
        """Where it listens on the loopback interface."""
        return self._server.port

    async def switch_on(self) -> None:
        """Show it as it is in the middle of its life, and let people in."""
        self._bus.open()
        self._new_boot(self.installation.booted.path)
        self._systemd.boot(self.installation.running_since)
        self._systemd.expect(self.character.goes_wrong)
        self._vitals.begin(self._uptime)
        for seconds in range(60, int(_TALK_BEFORE_S), 90):
            self._chatter.say(self._silent, self._clock() - seconds)
        write_bygone(self._log, self.installation, self._random)
        self._log.publish()
        await self._server.up()

    async def switch_off(self) -> None:
        """End every process and every connection."""
        if self._rebooting is not None:
            self._rebooting.cancel()
        self._bus.close()
        await self._server.down()
        await self._systemd.shut_down()

    def tick(self) -> None:
        """A second went by."""
        self._vitals.tick(self._uptime)
        self._processes.forget_strays()
        if self._random.random() * _TALK_EVERY_S < 1:
            self._chatter.say(self._silent)

    @property
    def _silent(self) -> frozenset[str]:
        return frozenset(unit.name for unit in self._systemd.units if not unit.is_up)

    @property
    def _uptime(self) -> float:
        return max(0.0, self._clock() - self._booted_at)

    def _new_boot(self, system: str) -> None:
        """What changes with every boot; which system runs is in its link already."""
        modules = self.root.at(f"{system}/kernel-modules/lib/modules")
        boot_id = str(UUID(int=self._random.getrandbits(128), version=4))
        self.root.write("/proc/sys/kernel/osrelease", f"{next(modules.iterdir()).name}\n")
        self.root.write("/proc/sys/kernel/random/boot_id", f"{boot_id}\n")
        self._log.begin_boot(boot_id, self._booted_at)
        self._reload()

    def _reload(self) -> None:
        lines = self.root.at("/run/current-system/etc/units").read_text(encoding="utf-8").splitlines()
        self._systemd.load(map(UnitFile.parse, lines))

    def _request_reboot(self) -> None:
        self._rebooting = self._tasks.create_task(self._reboot())

    async def _reboot(self) -> None:
        """Down, away for a while, and up again with what the boot loader says and an empty `/run`."""
        await self._server.down()
        await self._systemd.shut_down()
        shutil.rmtree(self.root.at("/run/nixtui"), ignore_errors=True)
        await asyncio.sleep(REBOOT_S)
        system = self.root.boots_next()
        self.root.link("/run/booted-system", system)
        self.root.link("/run/current-system", system)
        self._booted_at = self._clock()
        self._new_boot(system)
        self._log.booted(self.root.at("/proc/sys/kernel/osrelease").read_text().strip(), self._booted_at)
        self._systemd.boot(self._booted_at)
        self._vitals.calm()
        await self._server.up()

    def _show_state(self, state: str, failed: int) -> None:
        """Into the file that `bin/systemctl` reads."""
        if self._said != (state, failed):
            self._said = (state, failed)
            self.root.write("/run/systemd/state", f"SystemState={state}\nNFailedUnits={failed}\n")
