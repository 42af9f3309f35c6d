"""Everything the app may ask of the rest of nixtui, in one protocol: the only door between a screen and the fleet.

The command's composition root implements it over the real fleet; tests implement it over real values in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # values only: whoever asks for them has them, and the first frame asks for few
    from nixtui.fleet.state import FleetState
    from nixtui.model.closure import ClosureDiff
    from nixtui.model.generation import Generations
    from nixtui.model.preview import Preview
    from nixtui.operations.events import AnyEvent
    from nixtui.operations.journal import Entry
    from nixtui.operations.operation import Operation
    from nixtui.operations.plan import Plan
    from nixtui.operations.policy import Consent, Policy
    from nixtui.tui.cockpit.acting import Acting
    from nixtui.tui.cockpit.builds import Builds
    from nixtui.tui.cockpit.first_run import FirstRun
    from nixtui.tui.cockpit.images import Images
    from nixtui.tui.cockpit.incident import Incident
    from nixtui.tui.cockpit.instances import InstanceWork
    from nixtui.tui.cockpit.logs import Logs
    from nixtui.tui.cockpit.memory import Memory
    from nixtui.tui.cockpit.profiles import Profiles
    from nixtui.tui.cockpit.secrets import Secrets
    from nixtui.tui.cockpit.typed import Typed
    from nixtui.tui.cockpit.upkeep import Upkeep


class Operations(Protocol):
    """Operations begun by this nixtui, and the journal of all that ever were."""

    def begun(self) -> Sequence[Operation]:
        """Those of this process, running or ended, oldest first."""
        ...

    async def past(self, limit: int) -> Sequence[Entry]:
        """The journal, newest first; without a report an entry runs somewhere else or was cut off."""
        ...

    async def cut_off(self) -> Collection[str]:
        """Ids of the entries whose process is gone without an end."""
        ...

    async def events(self, operation: str) -> Sequence[AnyEvent]:
        """What an operation of the journal told, in order."""
        ...


class Cockpit(Protocol):
    """The facade. Everything `async` may take as long as a host does; nothing here blocks the event loop."""

    @property
    def fleet_name(self) -> str: ...
    @property
    def fleet(self) -> FleetState: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def operations(self) -> Operations: ...
    @property
    def memory(self) -> Memory:
        """What the screens of this fleet looked like when the app was left."""
        ...

    @property
    def acting(self) -> Acting: ...
    @property
    def upkeep(self) -> Upkeep: ...
    @property
    def incident(self) -> Incident: ...
    @property
    def logs(self) -> Logs:
        """The journals of hosts."""
        ...

    @property
    def builds(self) -> Builds: ...
    @property
    def profiles(self) -> Profiles: ...
    @property
    def secrets(self) -> Secrets: ...
    @property
    def images(self) -> Images: ...
    @property
    def instances(self) -> InstanceWork: ...
    @property
    def typed(self) -> Typed: ...
    @property
    def notes(self) -> Sequence[str]:
        """What the person should know about this fleet's data: sources that failed, hosts left out."""
        ...

    @property
    def first_run(self) -> FirstRun | None:
        """What to do where nothing is known of any fleet; `None` where something is."""
        ...

    def begin(self) -> None:
        """The first frame is there; whatever takes long may begin."""
        ...

    def clock(self) -> float:
        """Now, in Unix seconds."""
        ...

    def focus(self, names: Collection[str]) -> None:
        """The hosts the person is looking at; they are watched more closely."""
        ...

    def refresh(self, names: Collection[str]) -> None:
        """Ask these hosts anew, also those given up for the moment."""
        ...

    async def generations(self, name: str) -> Generations:
        """All generations of a host, asked from it now."""
        ...

    async def diff(self, before: tuple[str, str], after: tuple[str, str]) -> ClosureDiff:
        """What changes from one system to another, each given as host and store path."""
        ...

    async def preview(self, name: str, path: str) -> Preview:
        """What switching a host to a system would restart, found out without doing it."""
        ...

    async def plan_rollback(self, names: Sequence[str], target: str) -> Plan:
        """The plan to take these hosts to a target (`model.target`), resolved for each. Raises what people read."""
        ...

    def start(self, plan: Plan, consent: Consent) -> Operation:
        """Begin a plan somebody said yes to. The operation belongs to the cockpit, not to the screen."""
        ...
