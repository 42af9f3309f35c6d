"""What happened when: the facts that hosts tell about their past, and the moments of a fleet's timeline.

Times of a host's own facts are Unix seconds by that host's clock; those of moments are by ours.
"""

from enum import StrEnum

import msgspec

from nixtui.model.generation import Generation


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """A `switch-to-configuration` of `path`, as it logged itself. `status` is its exit code, `None` while unknown."""

    path: str
    at: float
    ended_at: float | None = None
    status: int | None = None


class Boot(msgspec.Struct, frozen=True, kw_only=True):
    """The host booted: its boot id without dashes, and the kernel, where the log still has it.

    `is_certain` is false where `at` is only how far back the journal goes, not when the boot was.
    """

    id: str
    at: float
    kernel: str | None = None
    is_certain: bool = True


class UnitEvent(msgspec.Struct, frozen=True, kw_only=True):
    """systemd said that a unit failed (with its `result`, such as `exit-code`) or, after that, was started."""

    unit: str
    at: float
    result: str | None = None
    is_failure: bool = True


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """An operation of some nixtui that ended on the host, as the guard recorded it there."""

    operation: str
    outcome: str
    at: float
    current: str | None = None


class HostHistory(msgspec.Struct, frozen=True, kw_only=True):
    """One host's past since a time. `incomplete` says in sentences what of it could not be read.

    `links` are the newest generations, newest first, also those made before; `activations` reach back further than
    `since` where the journal does, so that what ran before is known. `boots` are in order.
    """

    since: float
    clock: float
    current_system: str | None = None
    switched_at: float | None = None
    links: tuple[Generation, ...] = ()
    activations: tuple[Activation, ...] = ()
    boots: tuple[Boot, ...] = ()
    units: tuple[UnitEvent, ...] = ()
    ended: tuple[Ended, ...] = ()
    incomplete: tuple[str, ...] = ()


class Kind(StrEnum):
    """What kind of moment it is; the values are part of `timeline --json`."""

    SWITCH = "switch"
    REBOOT = "reboot"
    FAILED = "unit_failed"
    RECOVERED = "unit_recovered"
    OPERATION = "operation"


class System(msgspec.Struct, frozen=True, kw_only=True):
    """A system as one host has it: its store path, and what is known of it there."""

    path: str
    generation: int | None = None
    revision: str | None = None
    version: str | None = None
    kernel: str | None = None


class HostMoment(msgspec.Struct, frozen=True, kw_only=True):
    """One host's part in a moment. `before` and `after` are systems of a switch or kernels' systems of a reboot.

    `at` is by our clock; `status` is the exit code of a switch, `is_profile_only` says that the profile was set and no
    activation was seen. `count` is how often a unit failed until `until`.
    """

    host: str
    at: float
    until: float | None = None
    before: System | None = None
    after: System | None = None
    status: int | None = None
    is_profile_only: bool = False
    kernel_before: str | None = None
    kernel_after: str | None = None
    result: str | None = None
    count: int = 1
    operation: str | None = None


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the timeline: the same thing on one host or on several within minutes.

    `hosts` are in the order in which it happened to them. `unit` is that of failures and recoveries; `operation`,
    `operator` and `title` name the nixtui operation that it was, or was part of.
    """

    kind: Kind
    hosts: tuple[HostMoment, ...]
    unit: str | None = None
    operation: str | None = None
    operator: str | None = None
    origin: str | None = None
    title: str | None = None
    outcome: str | None = None
    reason: str | None = None
    started_at: float | None = None

    @property
    def at(self) -> float:
        """When it began, anywhere (Unix seconds, ours)."""
        return min((each.at for each in self.hosts), default=self.started_at or 0.0)

    @property
    def until(self) -> float:
        """When it last happened, anywhere."""
        return max((each.until or each.at for each in self.hosts), default=self.at)

    @property
    def names(self) -> tuple[str, ...]:
        """The hosts it happened to."""
        return tuple(each.host for each in self.hosts)

    @property
    def is_change(self) -> bool:
        """Whether it changed what runs: what one looks for when something broke."""
        return self.kind in (Kind.SWITCH, Kind.REBOOT, Kind.OPERATION)

    @property
    def key(self) -> str:
        """What it is, whenever it is put together again."""
        first = self.hosts[0] if self.hosts else None
        where = f"{first.host}/{first.at:.0f}" if first else f"{self.started_at or 0:.0f}"
        return f"{self.kind.value}/{self.unit or self.operation or ''}/{where}"


class HostAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What asking one host gave: its history, or the problem with the next step. `at` is when (Unix seconds, ours).

    `skew` is by how much its clock is ahead of ours, in seconds; what is too small to be told from the way there is 0.
    """

    host: str
    at: float
    history: HostHistory | None = None
    skew: float = 0.0
    problem: str | None = None
    remedy: str | None = None
