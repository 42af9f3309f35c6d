"""What a demo host's kernel would show of itself: load, memory, disks and uptime, wandering about a little."""

from math import exp
from random import Random
from typing import Final

from nixtui.demo.root import Root
from nixtui.demo.story import Character

_MIB: Final = 1024
_GIB: Final = 1024 * _MIB
_DISK_KIB: Final = 200 * _GIB
_BOOT_KIB: Final = 511 * _MIB
_LOAD_EVERY_S: Final = 5
"""As often as Linux computes its load averages."""
_MINUTES: Final = (1, 5, 15)


class Vitals:
    """The files under `proc` of one host. Call `tick` once a second."""

    def __init__(self, root: Root, character: Character, random: Random) -> None:
        self._root = root
        self._character = character
        self._random = random
        self._ticks = random.randrange(_LOAD_EVERY_S)
        self._waiting = character.load
        self._loads = [character.load * random.uniform(0.8, 1.2) for _ in _MINUTES]
        self._used = 0.4 + 0.3 * random.random()
        self._written = character.disk

    def begin(self, uptime: float) -> None:
        """Everything, for the first time."""
        self._write_uptime(uptime)
        self._write_load()
        self._write_memory()
        self._write_disks()

    def tick(self, uptime: float) -> None:
        """A second went by."""
        self._ticks += 1
        self._write_uptime(uptime)
        if self._ticks % _LOAD_EVERY_S == 0:
            self._wander()
            self._write_load()
            self._write_memory()
            self._write_disks()

    def calm(self) -> None:
        """Nothing has run yet: the machine has just started."""
        self._loads = [0.0 for _ in _MINUTES]

    def _wander(self) -> None:
        usual = self._character.load
        self._waiting += (usual - self._waiting) * 0.08 + self._random.gauss(0, 0.12 * usual + 0.02)
        self._waiting = max(0.0, self._waiting)
        for place, minutes in enumerate(_MINUTES):
            kept = exp(-_LOAD_EVERY_S / (60 * minutes))
            self._loads[place] = self._loads[place] * kept + self._waiting * (1 - kept)
        self._used = min(0.95, max(0.2, self._used + self._random.gauss(0, 0.004)))
        self._written += self._random.uniform(-0.4, 0.5) * 1e-5

    def _write_uptime(self, uptime: float) -> None:
        self._root.write("/proc/uptime", f"{uptime:.2f} {uptime * self._character.cores * 0.9:.2f}\n")

    def _write_load(self) -> None:
        one, five, fifteen = self._loads
        self._root.write("/proc/loadavg", f"{one:.2f} {five:.2f} {fifteen:.2f} 1/{300 + self._ticks % 40} 4242\n")

    def _write_memory(self) -> None:
        total = int(self._character.memory_gib * _GIB * 0.98)
        available = int(total * (1 - self._used))
        self._root.write(
            "/proc/meminfo",
            f"MemTotal: {total} kB\nMemFree: {available // 2} kB\nMemAvailable: {available} kB\n"
            "SwapTotal: 0 kB\nSwapFree: 0 kB\n",
        )

    def _write_disks(self) -> None:
        used, boot = int(_DISK_KIB * self._written), int(_BOOT_KIB * self._character.boot)
        run = self._character.memory_gib * _GIB // 4
        self._root.write(
            "/proc/disks",
            f"/dev/nvme0n1p2 {_DISK_KIB} {used} /\n/dev/nvme0n1p1 {_BOOT_KIB} {boot} /boot\ntmpfs {run} 9600 /run\n",
        )
