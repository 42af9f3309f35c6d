"""One store path, or one file, on its way: from a substituter, or between two stores."""

from enum import StrEnum

from nixtui.model.store_path import short_name


class Way(StrEnum):
    """What kind of transfer it is."""

    DOWNLOAD = "download"
    """Substitution: a store path from a binary cache, instead of building it."""
    COPY = "copy"
    """A store path from one store to another, as `nix copy` does and a build on another machine needs."""
    FETCH = "fetch"
    """A file from a URI: sources, narinfo, NARs of a cache over HTTP."""


class Leg(StrEnum):
    """How far it has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CUT_OFF = "cut_off"


_HERE = frozenset(("", "local", "local://", "unix", "unix://", "daemon", "auto"))


class Transfer:
    """`done` and `expected` are bytes, `None` where Nix does not tell (2.8 tells nothing of copies)."""

    __slots__ = (
        "ambiguous",
        "destination",
        "done",
        "expected",
        "name",
        "open",
        "order",
        "path",
        "source",
        "started_at",
        "state",
        "stopped_at",
        "way",
    )

    def __init__(self, way: Way, path: str, order: int, now: float) -> None:
        self.way = way
        self.path = path
        self.name = short_name(path)
        self.order = order
        self.source = ""
        self.destination = ""
        self.open = 0
        """Activities about it that run."""
        self.ambiguous = False
        """It ended, and whether well is not known yet."""
        self.restart(now)

    def restart(self, now: float) -> None:
        """It begins (again): another substituter, or another try."""
        self.state = Leg.RUNNING
        self.ambiguous = False
        self.done: int | None = None
        self.expected: int | None = None
        self.started_at = now
        self.stopped_at: float | None = None

    def progress(self, done: int, expected: int) -> None:
        """What Nix tells in bytes; nonsense is left out."""
        if 0 <= done < 2**63:
            self.done = done
        if 0 < expected < 2**63:
            self.expected = expected

    @property
    def is_upload(self) -> bool:
        """From here to elsewhere."""
        return self.way is Way.COPY and is_here(self.source) and not is_here(self.destination)

    @property
    def is_complete(self) -> bool:
        """As many bytes came as were expected; Nix leaves the padding of the last file out when it uploads."""
        return self.expected is not None and self.done is not None and self.done + 64 >= self.expected

    def bytes_per_second(self, now: float) -> float | None:
        """Mean speed so far; `None` where no bytes are known or no time has gone by."""
        seconds = (self.stopped_at if self.stopped_at is not None else now) - self.started_at
        return self.done / seconds if self.done is not None and seconds > 0 else None

    def __repr__(self) -> str:
        return f"<{self.way.value} {self.name} {self.state.value}>"


def is_here(store: str) -> bool:
    """The store of this machine: names it has in `CopyPath` (nix: Store::getUri)."""
    return store in _HERE or store.startswith(("local?", "local://?", "unix://", "daemon?", "auto?"))
