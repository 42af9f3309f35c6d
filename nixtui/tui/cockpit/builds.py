"""What the app may ask for to build systems, and to look at builds that run or ran."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from nixtui.builds.derivation import Derivation
from nixtui.builds.estimates import Estimates
from nixtui.builds.tree import BuildTree
from nixtui.operations.plan import Plan


class Builds(Protocol):
    """One property of the facade (`Cockpit.builds`)."""

    def clock(self) -> float:
        """Now, by the clock of the trees, in seconds."""
        ...

    async def plan(self, names: Sequence[str], *, keep_going: bool = False, on: str = "here") -> Plan:
        """The plan to build the systems of these hosts, here or `on` a host of the fleet, a store or their `target`;
        evaluates the flake first. Raises what people read.
        """
        ...

    async def plan_deploy(self, names: Sequence[str], *, on: str = "here") -> Plan:
        """The plan to deploy to these hosts what the flake says now; builds the systems and looks at the hosts first.
        Where they are to be built elsewhere (`on`, or on the hosts themselves as their flake wants it) and are not yet,
        the plan of that. Raises what people read.
        """
        ...

    def findings(self, plan: Plan, name: str) -> Sequence[str]:
        """What one decides by, for a host of a deploy that was planned here: what changes, what is copied."""
        ...

    def watched(self, operation: str) -> BuildTree | None:
        """The tree of a build that was begun by this nixtui; it grows while the build runs."""
        ...

    async def replayed(self, operation: str) -> BuildTree | None:
        """The tree of an earlier build, from what was recorded of it; `None` where nothing was."""
        ...

    async def log(self, operation: str, derivation: Derivation) -> Sequence[str]:
        """The whole log of a derivation, at most the last 100,000 lines."""
        ...

    async def estimates(self) -> Estimates:
        """How long builds took before."""
        ...

    async def save(self, name: str, lines: Sequence[str]) -> Path:
        """Write lines to a new file, in the working directory where that can be; its path. Raises `OSError`."""
        ...
