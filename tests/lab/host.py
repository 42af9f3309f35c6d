"""A host of the lab: a real systemd, sshd and Nix store, and everything that can go wrong with them."""

import asyncio
import os
import shlex
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.lab.access import Access
from tests.lab.container import Container, wait_for
from tests.lab.inside import SYSTEM_PROFILE, HostOffError, Inside, Outcome, Profile
from tests.lab.machine import LabError
from tests.lab.network import Link
from tests.lab.systems import Generation, Layer

#: A host is reachable about 0.7 s after power on; on a machine under load it may take many times that.
BOOT_TIMEOUT = 60.0


@dataclass(slots=True)
class Host(Inside):
    """One host. Names that are verbs change it; `reset` undoes every change."""

    name: str
    container: Container
    link: Link
    layer: Layer
    access: Access

    @property
    def address(self) -> str:
        return self.link.address

    @property
    def port(self) -> int:
        return 22

    @property
    def generations(self) -> tuple[Generation, ...]:
        """The generations of a fresh host, oldest first; the last one is the profile's, booted and running."""
        return self.layer.generations

    @property
    def variants(self) -> Mapping[str, str]:
        """Store paths of the systems that break on purpose, by name. Nothing roots them, as after a copy."""
        return self.layer.variants

    # ---- reaching it as an operator would ----

    def ssh(self, command: str, *, user: str = "root", timeout: float = 30) -> Outcome:
        """Log in with OpenSSH and run a command; exit 255 is OpenSSH's own failure."""
        argv = ["ssh", "-F", str(self.access.ssh_config), "-l", user, self.name, "--", command]
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=timeout
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def is_reachable(self, timeout: float = 0.5) -> bool:
        """Whether something says SSH on the host's port 22."""
        try:
            with socket.create_connection((self.address, self.port), timeout=timeout) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def is_up(self) -> bool:
        """Whether the host's systemd has finished starting, with or without failed units."""
        try:
            return self.run("systemctl is-system-running").stdout.strip() in {"running", "degraded"}
        except HostOffError:
            return False

    # ---- waiting ----

    def wait_until(self, condition: Callable[[], bool], within: float = 15, what: str = "a condition") -> None:
        """Return as soon as a condition holds; one that raises because the host is off does not hold yet."""
        wait_for(lambda: _holds(condition), within, f"{what} on {self.name}", interval=0.02)

    async def until(self, condition: Callable[[], bool], within: float = 15, what: str = "a condition") -> None:
        """`wait_until` for asyncio tests: the event loop, in which the code under test runs, is not blocked."""
        await asyncio.to_thread(self.wait_until, condition, within, what)

    def wait_up(self, timeout: float = BOOT_TIMEOUT) -> None:
        """Wait until the host has booted, whether it can be reached or not."""
        self.wait_until(self.is_up, timeout, "the end of the boot")

    def wait_ready(self, timeout: float = BOOT_TIMEOUT) -> None:
        """Wait until the host has booted and its sshd answers."""
        try:
            self.wait_until(self.is_reachable, timeout, "sshd")
            self.wait_up(timeout)
        except LabError as error:
            console = self.container.console.read_text(errors="replace")[-3000:]
            raise LabError(f"{error}\nThe end of its console:\n{console}") from None

    # ---- power ----

    def power_on(self, *, wait: bool = True) -> None:
        if not self.container.is_running():
            self.container.start()
        if wait:
            self.wait_ready()

    def power_off(self) -> None:
        """Shut the host down in order."""
        if self.container.is_running():
            self.run("systemctl poweroff --no-block")
            wait_for(lambda: not self.container.is_running(), 30, f"{self.name} to shut down")
        self.container.kill()

    def power_cut(self) -> None:
        """Pull the plug: every process is killed at once. The disk stays as it is, also what was not synced."""
        self.container.kill()

    def reboot(self, *, wait: bool = True) -> None:
        """Reboot from inside, into the boot default; with `wait`, until that is up and reachable."""
        before = self.boot_id()
        self.run("systemctl reboot --no-block")
        if wait:
            self.wait_until(lambda: self.boot_id() != before, BOOT_TIMEOUT, "another boot id")
            self.wait_ready()

    def is_on(self) -> bool:
        return self.container.is_running()

    def reset(self) -> None:
        """Back to the pristine state, whatever state the host is in: a new disk, a new cable, a new boot."""
        self.prepare()
        self.power_on()

    def prepare(self) -> None:
        """A fresh host that is still off; its disk can be changed before its first boot."""
        self.container.kill()
        self.container.mount_fresh(self.layer)
        self.link.plug()
        self.write("/etc/lab/authorized_keys", self.access.public_key.read_text())
        now = time.time()
        for generation in self.generations:
            made = now - generation.age.total_seconds()
            os.utime(self._on_disk(generation.link), (made, made), follow_symlinks=False)

    def remove(self) -> None:
        self.container.kill()
        self.container.unmount()
        self.link.unplug()

    def is_healthy(self) -> bool:
        """Whether the host runs, can be reached and was made from its layer; what a test did to it is not asked."""
        return (
            self.container.has_disk_of(self.layer) and self.link.is_plugged() and self.is_on() and self.is_reachable(2)
        )

    # ---- network ----

    def link_down(self) -> None:
        """Unplug the cable at the switch's end; the host keeps running."""
        self.link.down()

    def link_up(self) -> None:
        self.link.up()

    def impair(self, *, delay: float = 0.0, jitter: float = 0.0, loss: float = 0.0) -> None:
        """Make the cable bad: seconds of delay in each direction, and the fraction of frames lost."""
        self.link.impair(self.container.cgroup.parent / "wires", delay=delay, jitter=jitter, loss=loss)

    def heal(self) -> None:
        self.link.heal()

    # ---- disks ----

    def fill_disk(self) -> None:
        """Leave no free block where the store, the profiles and everything else are."""
        self.sh(_FILL.format(folder="/var/lib/lab/outside"))

    def free_disk(self) -> None:
        self.sh("rm -rf /var/lib/lab/outside")

    def fill_boot(self) -> None:
        self.sh(_FILL.format(folder="/boot/ballast"))

    def free_boot(self) -> None:
        self.sh("rm -rf /boot/ballast")

    # ---- systemd ----

    def start_unit(self, unit: str) -> None:
        self.sh(f"systemctl start -- {shlex.quote(unit)}")

    def stop_unit(self, unit: str) -> None:
        self.sh(f"systemctl stop -- {shlex.quote(unit)}")

    def fail_unit(self, name: str = "already-broken") -> str:
        """Leave a failed unit behind, as from before anything the test does; returns its full name."""
        self.run(f"systemd-run --quiet --wait --unit={shlex.quote(name)} false")
        self.wait_until(lambda: f"{name}.service" in self.failed_units(), what=f"{name}.service to have failed")
        return f"{name}.service"

    def kill_user_processes(self, enabled: bool) -> None:
        """logind's KillUserProcesses: whether what a login leaves behind is killed with it."""
        word = "yes" if enabled else "no"
        self.write("/etc/systemd/logind.conf.d/lab.conf", f"[Login]\nKillUserProcesses={word}\n")
        self.sh("systemctl restart systemd-logind")

    def skew_clock(self, seconds: int) -> None:
        """Let `date` on the host be fast, or slow if negative. Only `date`: the kernel's clock is the machine's."""
        self.write("/etc/lab/clock-skew", f"{seconds}\n")

    def set_slow_seconds(self, seconds: int) -> None:
        """How long the activation of the variant `slow` takes."""
        self.write("/etc/lab/slow-seconds", f"{seconds}\n")

    # ---- Nix ----

    def install(self, system: str, *, current: bool = True) -> Profile:
        """Make a system (a variant's name or a store path) a new generation of the profile, and nothing else.

        Unless it is to be the `current` one, the profile then points to what it pointed to before.
        """
        path = self.variants.get(system, system)
        before = self.profile().number
        self.sh(f"nix-env -p {SYSTEM_PROFILE} --set {shlex.quote(path)}")
        made = self.profile()
        if not current:
            self.sh(f"nix-env -p {SYSTEM_PROFILE} --switch-generation {before}")
        return made

    def lose(self, path: str) -> None:
        """Delete a store path although the profile has it; the generation's link dangles."""
        self.sh(f"nix-store --delete --ignore-liveness {shlex.quote(path)}")

    def switch(self, system: str, action: str = "test", *, timeout: float = 120) -> Outcome:
        """Run a system's own switch-to-configuration by hand, as root and outside any session."""
        path = self.variants.get(system, system)
        return self.run(f"{shlex.quote(path)}/bin/switch-to-configuration {shlex.quote(action)}", timeout=timeout)


#: fallocate takes nearly all at once, and what is left by rounding goes block by block.
_FILL = (
    "mkdir -p {folder} && cd {folder} && "
    "fallocate --length $(($(stat -f -c '%a * %S' .))) most; "
    "dd if=/dev/zero of=rest bs=4096 status=none 2>/dev/null; true"
)


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except HostOffError:
        return False
