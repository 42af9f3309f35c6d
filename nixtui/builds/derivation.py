"""One derivation of a build: what became of it, and each time that Nix set out to build it."""

from enum import StrEnum

from nixtui.builds.log import BuildLog
from nixtui.model.store_path import package_of, short_name


class State(StrEnum):
    """What became of a derivation, as far as the stream tells; the words are those of `--json`."""

    FAILED = "failed"
    FAILED_DEPENDENCY = "failed_dependency"
    """Not built, as something that it needs failed."""
    CUT_OFF = "cut_off"
    """Its build was ended before it was done, or the stream ends in the middle of it."""
    RUNNING = "running"
    PLANNED = "planned"
    BUILT = "built"

    @property
    def is_over(self) -> bool:
        """Nothing more will happen to it, as far as we know."""
        return self not in (State.RUNNING, State.PLANNED)


class Run:
    """One build activity. A build on another machine has two at once: the one here, and inside it the one there."""

    __slots__ = ("blamed", "credited", "derivation", "id", "resolved", "stopped")

    def __init__(self, activity: int, derivation: "Derivation", *, resolved: bool) -> None:
        self.id = activity
        self.derivation = derivation
        self.resolved = resolved
        """It builds what a content-addressed derivation was resolved to, which Nix counts twice."""
        self.stopped = False
        self.credited = False
        """It is one of those that Nix counts as done; `blamed`, as failed."""
        self.blamed = False


class Derivation:
    """A node of the build tree. Times are by the clock that events were applied with, in seconds."""

    __slots__ = (
        "attempts",
        "drv_path",
        "exit_code",
        "got_hash",
        "is_learnt",
        "log",
        "machine",
        "name",
        "needed_by",
        "needs",
        "order",
        "outputs",
        "package",
        "phase",
        "reason",
        "runs",
        "started_at",
        "state",
        "stopped_at",
        "waits_for",
        "wanted_hash",
    )

    def __init__(self, drv_path: str, order: int, log: BuildLog) -> None:
        self.drv_path = drv_path
        self.order = order
        """In which it was first heard of."""
        self.name = short_name(drv_path).removesuffix(".drv")
        self.package = package_of(self.name).name
        """What past builds are looked up by: pname where the .drv file is known, else the name without its version."""
        self.needs: list[Derivation] = []
        """Inputs that are part of this build, and `needed_by` the other way: known where .drv files are."""
        self.needed_by: list[Derivation] = []
        self.is_learnt = False
        self.outputs: tuple[str, ...] = ()
        """Store paths of the outputs that can be known before the build."""
        self.state = State.PLANNED
        self.phase: str | None = None
        self.machine = ""
        """Where it is built; empty is here."""
        self.waits_for: str | None = None
        self.started_at: float | None = None
        self.stopped_at: float | None = None
        self.attempts = 0
        self.runs: list[Run] = []
        self.log = log
        self.reason: str | None = None
        self.exit_code: int | None = None
        self.wanted_hash: str | None = None
        self.got_hash: str | None = None

    def seconds(self, now: float) -> float | None:
        """How long the last attempt took, or is taking; `None` before it began."""
        if self.started_at is None:
            return None
        end = now if self.stopped_at is None else self.stopped_at
        return max(0.0, end - self.started_at)

    @property
    def is_building(self) -> bool:
        """One of its runs has not ended."""
        return any(not run.stopped for run in self.runs)

    def __repr__(self) -> str:
        return f"<{self.name} {self.state.value}>"
