"""What fleets are asked with today, `clush` and `parallel-ssh`, given the probe's own question and their best settings."""

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

_PACKAGES: Final = {"clush": "clustershell", "parallel-ssh": "pssh"}


@dataclass(frozen=True, slots=True)
class Names:
    """What rivals are given of a fleet: files with its names, and with ssh_config for them."""

    host_file: Path
    fresh: Path
    """An ssh_config that logs in for every command."""
    shared: Path
    """An ssh_config that leaves connections open for the next command (ControlMaster)."""
    count: int


def write_names(folder: Path, names_of: Mapping[str, Sequence[str]], lab_config: str) -> Names:
    """`names_of` gives the names of each lab host, `lab_config` how that is reached.

    One entry for each lab host, and the algorithms that nixtui prefers, as both are quicker than ssh's defaults.
    """
    for host, names in names_of.items():
        lab_config = lab_config.replace(f"Host {host}\n", f"Host {host} {' '.join(names)}\n")
    lab_config += "    KexAlgorithms curve25519-sha256\n    Ciphers aes128-gcm@openssh.com\n"
    master = f"    ControlMaster auto\n    ControlPersist 600\n    ControlPath {folder}/%n\n"
    written = Names(folder / "hosts", folder / "fresh", folder / "shared", sum(map(len, names_of.values())))
    written.host_file.write_text("".join(f"{name}\n" for names in names_of.values() for name in names))
    written.fresh.write_text(lab_config)
    written.shared.write_text(lab_config + master)
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
    return f"exec sh -c {shlex.quote(load_script('probe', 'facts', 'meters').text)} sh bench </dev/null"


def clush(names: Names, ssh_config: Path, fanout: int, command: str) -> list[str]:
    """Its argv: output is printed as it comes, without the work of sorting it by host."""
    return ["clush", "-f", str(fanout), "-o", f"-F {ssh_config}", "--hostfile", str(names.host_file), command]


def parallel_ssh(names: Names, ssh_config: Path, fanout: int, command: str) -> list[str]:
    """Its argv: the output of each host is printed when that has ended."""
    extra = ["-t", "0", "-x", f"-F {ssh_config}", "-i"]
    return ["parallel-ssh", "-h", str(names.host_file), "-p", str(fanout), *extra, command]


def sweep(argv: Sequence[str], hosts: int) -> float:
    """Seconds until every host has answered whole. Raises `SystemExit` when one did not: that would be no measure."""
    began = time.perf_counter()
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=LIMIT_S
    )
    seconds = time.perf_counter() - began
    answers = done.stdout.count("#nixtui-probe bench end 1 ")
    if answers != hosts:
        raise SystemExit(f"{argv[0]}: {answers} of {hosts} hosts answered\n{done.stderr[-1000:]}")
    return seconds
