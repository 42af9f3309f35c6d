"""A host's body: its disk and /boot as mounts, its processes as one cgroup."""

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.lab.machine import LabError, run, unmount_all
from tests.lab.systems import Layer

SUPERVISE: Final = Path(__file__).parent / "supervise.sh"

#: The whole file system of a host, store and profiles included, so that a test can fill it up in a moment.
DISK_SIZE: Final = "384M"

#: Room for the entries and kernels of six generations (4 MB) and of some more.
BOOT_SIZE: Final = "16M"


def wait_for(condition: Callable[[], bool], timeout: float, what: str, interval: float = 0.01) -> None:
    """Return as soon as a condition holds; the error says what was waited for."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(interval)


@dataclass(slots=True)
class Container:
    """The mounts and processes of one host, found again by their places after whoever made them is gone."""

    name: str
    folder: Path
    cgroup: Path
    netns: str
    address: str
    _supervisor: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def root(self) -> Path:
        """The host's root directory; it can be read and written from outside at any time."""
        return self.folder / "root"

    @property
    def boot(self) -> Path:
        return self.folder / "boot"

    @property
    def console(self) -> Path:
        """What the host printed on its console since the disk was new."""
        return self.folder / "console.log"

    def mount_fresh(self, layer: Layer) -> None:
        """Give the host a new disk and a new /boot, as the layer has them."""
        self.unmount()
        disk = self.folder / "disk"
        for folder in (disk, self.boot, self.root):
            folder.mkdir(parents=True, exist_ok=True)
        self.console.write_bytes(b"")
        run("mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE},mode=755", "tmpfs", disk)
        run("mount", "-t", "tmpfs", "-o", f"size={BOOT_SIZE},mode=755", "tmpfs", self.boot)
        run("cp", "-a", f"{layer.boot}/.", self.boot)
        (disk / "files").mkdir()
        (disk / "work").mkdir()
        lower = f"{layer.files}:{layer.base}"
        options = f"lowerdir={lower},upperdir={disk / 'files'},workdir={disk / 'work'}"
        run("mount", "-t", "overlay", "overlay", "-o", options, self.root)

    def unmount(self) -> None:
        unmount_all(self.folder)

    def has_disk_of(self, layer: Layer) -> bool:
        """Whether the host's disk is there and was made from this layer."""
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        return any(f" {self.root} " in line and str(layer.files) in line for line in mounts)

    def start(self) -> None:
        argv: list[str | Path] = [
            "sh",
            SUPERVISE,
            self.cgroup,
            self.name,
            self.root,
            self.boot,
            self.netns,
            self.address,
        ]
        with self.console.open("ab") as console:
            self._supervisor = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End every process of the host at once, and return when none is left."""
        if self.cgroup.is_dir():
            (self.cgroup / "cgroup.kill").write_text("1")
            wait_for(lambda: not self.is_running(), 10, f"the end of {self.name}'s processes", interval=0.002)
            remove_cgroup(self.cgroup)
        self._reap()

    def is_running(self) -> bool:
        """Whether anything of the host runs, be it only on its way up or down."""
        self._reap()
        try:
            return "populated 1" in (self.cgroup / "cgroup.events").read_text()
        except OSError:  # there is no such cgroup, or not any more
            return False

    def leader(self) -> int | None:
        """The machine's process id of the host's systemd, or None when there is none."""
        try:
            processes = (self.cgroup / "payload/init.scope/cgroup.procs").read_text().split()
        except OSError:
            return None
        return int(processes[0]) if processes else None

    def _reap(self) -> None:
        if self._supervisor is not None and self._supervisor.poll() is not None:
            self._supervisor = None


def remove_cgroup(cgroup: Path) -> None:
    """Remove a cgroup without processes and all below it."""
    for folder, _, _ in os.walk(cgroup, topdown=False):
        Path(folder).rmdir()
