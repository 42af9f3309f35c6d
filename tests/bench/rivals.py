"""What fleets are asked with today: `clush` and `parallel-ssh`, given the same questions as nixtui."""

import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nixtui.remote.transport import load_script
from tests.lab.machine import run

LIMIT_S: Final = 180.0

AT_ONCE: Final = 64
"""clush's own number; 32 and 200 took parallel-ssh as long, and clush longer (seen on two processors)."""

_END: Final = "bench-end"

_PACKAGES: Final = {"clush": "clustershell", "parallel-ssh": "pssh"}


@dataclass(frozen=True, slots=True)
class Names:
    """What rivals are given of a fleet: the names, and an ssh_config in three versions."""

    host_file: Path
    plain: Path
    """ssh as Debian has it, but for who is who and which key opens."""
    tuned: Path
    """With the algorithms that nixtui prefers: half the time of Debian 12's, which has post-quantum ones first."""
    shared: Path
    """Tuned, and connections stay open for the next command (ControlMaster)."""
    count: int


def write_names(folder: Path, names_of: Mapping[str, Sequence[str]], lab_config: str) -> Names:
    """`names_of` gives the names of each lab host, `lab_config` how that is reached.

    One entry for each lab host, not one for each name: ssh reads all of it every time.
    """
    plain = lab_config.replace("ConnectTimeout 5\n", f"ConnectTimeout {LIMIT_S:.0f}\n")
    for host, names in names_of.items():
        plain = plain.replace(f"Host {host}\n", f"Host {host} {' '.join(names)}\n")
    tuned = f"{plain}    KexAlgorithms curve25519-sha256\n    Ciphers aes128-gcm@openssh.com\n"
    shared = f"{tuned}    ControlMaster auto\n    ControlPersist 600\n    ControlPath {folder}/%n\n"
    written = Names(
        folder / "hosts", folder / "plain", folder / "tuned", folder / "shared", sum(map(len, names_of.values()))
    )
    written.host_file.write_text("".join(f"{name}\n" for names in names_of.values() for name in names))
    written.plain.write_text(plain)
    written.tuned.write_text(tuned)
    written.shared.write_text(shared)
    return written


def install() -> None:
    """Debian's packages, where they are missing."""
    missing = sorted(package for program, package in _PACKAGES.items() if shutil.which(program) is None)
    if missing:
        print(f"installing {' and '.join(missing)} to measure against", flush=True)
        run("apt-get", "update", "-q", timeout=300)
        run(
            "apt-get", "install", "-q", "-y", "--no-install-recommends", *missing,
            timeout=300, env={"DEBIAN_FRONTEND": "noninteractive"},
        )  # fmt: skip


def question() -> str:
    """A command that answers with the probe's first block: everything it knows, and the end of input ends it."""
    return f"sh -c {shlex.quote(load_script('probe', 'facts', 'meters').text)} sh bench </dev/null"


def clush(names: Names, ssh_config: Path, command: str) -> list[str]:
    """Its argv: output is printed as it comes, without the work of sorting it by host."""
    target = ["--hostfile", str(names.host_file), "-f", str(AT_ONCE), "-o", f"-F {ssh_config}"]
    return ["clush", *target, "-S", _with_end(command)]


def parallel_ssh(names: Names, ssh_config: Path, command: str) -> list[str]:
    """Its argv: the output of each host is printed when that has ended."""
    target = ["-h", str(names.host_file), "-p", str(AT_ONCE), "-t", "0", "-x", f"-F {ssh_config}"]
    return ["parallel-ssh", *target, "-i", _with_end(command)]


def seconds(argv: Sequence[str], hosts: int) -> float:
    """How long until every host has answered. Raises `SystemExit` when one did not: that would be no measure."""
    began = time.perf_counter()
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=LIMIT_S
    )
    took = time.perf_counter() - began
    answers = done.stdout.count(_END)
    if answers != hosts:
        raise SystemExit(f"{argv[0]}: {answers} of {hosts} hosts answered\n{done.stderr[-1000:]}")
    return took


def _with_end(command: str) -> str:
    """So that whole answers can be counted; ssh hands it to the login's shell, which does this by itself."""
    return f"{command}; echo {_END}"
