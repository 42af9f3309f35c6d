"""All figures in one table: `python -m tests.bench [NAME...]`, which is `make bench`.

Each bench runs in a process of its own, so that none measures what another left in memory. The exit status says whether
every bar was cleared.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final

from tests.bench.figures import measured, table
from tests.lab.machine import is_root

BENCHES: Final = (
    "tui",
    "start",
    "logs",
    "builds",
    "fleet",
    "secrets",
    "losses",
    "images",
    "instances",
    "rollback",
    "ssh",
)
ON_REAL_HOSTS: Final = ("rollback", "ssh")


def main(names: list[str]) -> int:
    """Run benches, and print each one's figures when they are there."""
    all_passed = True
    for name in names or BENCHES:
        if name in ON_REAL_HOSTS and not is_root():
            print(f"{name}: not measured, as its hosts are containers: run it as root")
            continue
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            title, found = process.submit(measured, name).result()
        print(table(title, found), end="\n\n", flush=True)
        all_passed &= all(figure.passed is not False for figure in found)
    print("all bars cleared" if all_passed else "not all bars cleared")
    return int(not all_passed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
