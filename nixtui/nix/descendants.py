"""Processes below another one, so that none of them is left when it ends.

A builder has a session of its own and is out of reach of a signal to nix's process group. Nix ends it when it is asked
to stop; where nix is killed, or dies, nobody does, unless it was noted who belonged to it.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """One process; with its start (clock ticks since boot) it is told from another that gets its number."""

    pid: int
    started: int


def below(pid: int) -> tuple[Process, ...]:
    """All processes that have `pid` as an ancestor; none where there is no /proc, as on macOS."""
    children: dict[int, list[Process]] = {}
    with suppress(OSError):
        for folder in os.scandir("/proc"):
            if folder.name.isdecimal() and (found := _look(int(folder.name))) is not None:
                parent, process = found
                children.setdefault(parent, []).append(process)
    found_below: list[Process] = []
    waiting = [pid]
    while waiting:
        here = children.pop(waiting.pop(), [])
        found_below += here
        waiting += [each.pid for each in here]
    return tuple(found_below)


def end(processes: tuple[Process, ...]) -> None:
    """Kill those that still run."""
    for process in processes:
        found = _look(process.pid)
        if found is not None and found[1] == process:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)


def _look(pid: int) -> tuple[int, Process] | None:
    """The parent and the start of a process (proc(5): fields 4 and 22; a name may have blanks and brackets)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[1]), Process(pid, int(fields[19]))
    except (OSError, IndexError, ValueError):
        return None
