"""Which hosts exist: what `nixtui.toml`, a flake and EC2 know of them, merged by name.

A source that fails is told as a value; the hosts of the others are there all the same.
"""

from nixtui.fleet.inventory.assembly import inventory_of, locate_flake
from nixtui.fleet.inventory.inventory import Inventory, Snapshot
from nixtui.fleet.inventory.source import Found, PartialHost, Source, SourceProblem

__all__ = [
    "Found",
    "Inventory",
    "PartialHost",
    "Snapshot",
    "Source",
    "SourceProblem",
    "inventory_of",
    "locate_flake",
]
