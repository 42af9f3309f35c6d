"""How many evaluations this machine bears at once."""

import os
from pathlib import Path
from typing import Final

EVALUATION_MB: Final = 1024
"""One NixOS system: 600 to 1000 MB at its peak, growing with its modules. Colmena reckons 512 for each node more in
one process; a process of its own has nixpkgs once more.
"""

SPARE_MB: Final = 1024
"""Left for everything else, as Colmena does."""

UNKNOWN: Final = 2
"""Where the system does not tell how much memory is free."""

WORKER_MB: Final = 4 * EVALUATION_MB
"""The most that a worker may keep between two systems; what nix-eval-jobs takes by itself."""


def evaluations_at_once(*, available_mb: int | None, cores: int) -> int:
    """At least one, at most one per core, and no more than memory bears."""
    if available_mb is None:
        return max(1, min(UNKNOWN, cores))
    return max(1, min(cores, (available_mb - SPARE_MB) // EVALUATION_MB))


def kept_by_worker(workers: int, *, available_mb: int | None) -> int:
    """How many MB each of so many workers may keep when it turns to its next system, which comes on top of that."""
    if available_mb is None:
        return EVALUATION_MB
    return max(EVALUATION_MB // 4, min(WORKER_MB, (available_mb - SPARE_MB) // workers - EVALUATION_MB))


def kept_by_worker_here(workers: int) -> int:
    """The same for this machine, now."""
    return kept_by_worker(workers, available_mb=_available_mb(Path("/proc/meminfo")))


def here() -> int:
    """The number for this machine, now."""
    return evaluations_at_once(available_mb=_available_mb(Path("/proc/meminfo")), cores=os.cpu_count() or 1)


def _available_mb(meminfo: Path) -> int | None:
    """`MemAvailable` of Linux; `None` elsewhere."""
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    found = (line.split() for line in lines if line.startswith("MemAvailable:"))
    return next((int(words[1]) // 1024 for words in found if len(words) > 1 and words[1].isdecimal()), None)
