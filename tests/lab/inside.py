"""The truth about a host, seen and changed from outside: through its namespaces, without its network or its sshd."""

import fnmatch
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.lab.container import Container
from tests.lab.machine import LabError

PATH: Final = "/run/current-system/sw/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SYSTEM_PROFILE: Final = "/nix/var/nix/profiles/system"


class HostOffError(LabError):
    """The host runs no systemd at the moment."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command on a host ended."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as systemd lists it."""

    name: str
    load: str
    active: str
    sub: str


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the host, with its process id there."""

    pid: int
    command: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What the system profile points to; the path may have been deleted from the store."""

    number: int
    path: str


class Inside:
    """What a test may ask or do in a running host whatever state its network is in."""

    container: Container

    def run(self, script: str, *, timeout: float = 30, user: str | None = None) -> Outcome:
        """Run a script by the host's /bin/sh, as root or another user, and say how it ended."""
        leader = self.container.leader()
        if leader is None:
            raise HostOffError(f"{self.container.name} is off")
        become = [] if user is None else ["runuser", "-u", user, "--"]
        try:
            done = subprocess.run(
                [*_enter(leader), *become, "sh", "-c", script],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.container.name}: not done within {timeout:g} s: {script}") from None
        if done.returncode != 0 and (self.container.leader() != leader or _shuts_down(leader)):
            raise HostOffError(f"{self.container.name} went down during: {script}")
        return Outcome(done.returncode, done.stdout, done.stderr)

    def sh(self, script: str, *, timeout: float = 30, user: str | None = None) -> str:
        """Run a script that has to succeed; what it printed, without the last newline."""
        outcome = self.run(script, timeout=timeout, user=user)
        if outcome.code != 0:
            said = (outcome.stderr or outcome.stdout).strip()[-3000:]
            raise LabError(f"{self.container.name}: exit {outcome.code} from {script}\n{said}")
        return outcome.stdout.removesuffix("\n")

    def current_system(self) -> str:
        return self.sh("readlink -f /run/current-system")

    def booted_system(self) -> str:
        return self.sh("readlink -f /run/booted-system")

    def profile(self) -> Profile:
        """The generation that the system profile points to."""
        number = _only_match(r"^system-(\d+)-link$", self.sh(f"readlink {SYSTEM_PROFILE}"))
        return Profile(int(number), self.sh(f"readlink {SYSTEM_PROFILE}-{number}-link"))

    def generation_numbers(self) -> tuple[int, ...]:
        links = (self.container.root / "nix/var/nix/profiles").glob("system-*-link")
        return tuple(sorted(int(link.name.split("-")[1]) for link in links))

    def boot_default(self) -> str:
        """The system that the next boot starts, from the files on /boot; also while the host is off."""
        loader = self.container.boot / "loader"
        entry = _only_match(r"^default\s+(\S+)", (loader / "loader.conf").read_text())
        return _only_match(r"^options .*\binit=(\S+)/init\b", (loader / "entries" / entry).read_text())

    def boot_id(self) -> str:
        return self.sh("cat /proc/sys/kernel/random/boot_id")

    def units(self, pattern: str = "*") -> dict[str, Unit]:
        """The units that systemd has loaded and whose names match a shell pattern, by name."""
        units = {}
        for line in self.sh("systemctl list-units --all --plain --full --no-legend --no-pager").splitlines():
            name, load, active, sub = line.split(maxsplit=4)[:4]
            if fnmatch.fnmatchcase(name, pattern):
                units[name] = Unit(name, load, active, sub)
        return units

    def failed_units(self) -> tuple[str, ...]:
        return tuple(sorted(unit.name for unit in self.units().values() if unit.active == "failed"))

    def running_processes(self, pattern: str = "") -> tuple[Process, ...]:
        """The host's processes whose command line has a match for a regular expression, itself excepted."""
        processes = []
        for line in self.sh("ps -e -o pid= -o args= --width 4000").splitlines():
            pid, _, command = line.strip().partition(" ")
            if re.search(pattern, command) and "ps -e -o pid=" not in command:
                processes.append(Process(int(pid), command))
        return tuple(processes)

    def read(self, path: str) -> str:
        """A file of the host's disk; also while it is off. Not for what lies in /run."""
        return self._on_disk(path).read_text()

    def write(self, path: str, text: str) -> None:
        """Write a file to the host's disk; also while it is off."""
        file = self._on_disk(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def _on_disk(self, path: str) -> Path:
        return self.container.root / path.lstrip("/")


def _enter(leader: int) -> list[str]:
    """The beginning of an argv whose rest runs in the namespaces of the host with this leader.

    A shell of ours waits for it outside of the host's process namespace. nsenter would do so itself, but stops for good
    when the host's shutdown stops all processes before it kills them.
    """
    namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", "--no-fork"]
    environment = ["env", "-i", f"PATH={PATH}", "HOME=/root", "LC_ALL=C.UTF-8"]
    return ["nsenter", f"--target={leader}", *namespaces, *environment, "sh", "-c", '"$@"; exit $?', "sh"]


def _shuts_down(leader: int) -> bool:
    """Whether systemd has already handed over to the program that kills all processes."""
    try:
        return Path(f"/proc/{leader}/comm").read_text().startswith("systemd-shut")
    except FileNotFoundError:
        return True


def _only_match(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise LabError(f"no {pattern} in:\n{text}")
    return found[1]
