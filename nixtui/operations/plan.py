"""A plan: everything that would be done, before anything is."""

from collections.abc import Mapping

import msgspec

from nixtui.operations.report import Outcome, TargetReport


class Step(msgspec.Struct, frozen=True):
    """One thing that will be done on every target, with the exact commands or calls it makes, quoted to be read."""

    title: str
    commands: tuple[str, ...] = ()


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the plan changes: a host, an image, a file.

    `before` and `after` say in a word what it is now and will be (`412`, `411`); `facts` has what the job needs to know
    about it later, after a crash too. `refused` is why it is left out, and `refused_as` what the report calls that
    (`unchanged` where nothing is to be done); `remedy` is what to do about it. The rest of the plan goes
    on without it. `known` are lines that were decided by, where whoever made the plan has them recorded with it.
    """

    name: str
    environment: str | None = None
    before: str | None = None
    after: str | None = None
    wave: int = 1
    warnings: tuple[str, ...] = ()
    refused: str | None = None
    refused_as: Outcome = Outcome.REFUSED
    remedy: str | None = None
    facts: Mapping[str, str] = {}
    known: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation will do. Making one changes nothing; printing it is `--dry-run`.

    `kind` is the job's word for itself (`rollback`). `irreversible` says in words what cannot be undone.
    `read_only` plans change nothing anywhere and need no consent. `typed` is what must be typed for a yes at a terminal
    wherever it is, where a key must not be enough.
    """

    kind: str
    title: str
    targets: tuple[Target, ...]
    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()
    irreversible: tuple[str, ...] = ()
    read_only: bool = False
    typed: str | None = None

    @property
    def acting_on(self) -> tuple[Target, ...]:
        """The targets that something will be done to."""
        return tuple(target for target in self.targets if target.refused is None)

    @property
    def challenge(self) -> str:
        """What must be typed where typing is asked for: the one target's name, or how many there are, unless the plan
        has its own word.
        """
        if self.typed is not None:
            return self.typed
        acting_on = self.acting_on
        return acting_on[0].name if len(acting_on) == 1 else str(len(acting_on))


def left_out(row: Target, why: str | None = None) -> TargetReport:
    """The report of a target that nothing was done to: for its own reason, or for `why`."""
    return TargetReport(
        name=row.name,
        outcome=row.refused_as if row.refused else Outcome.REFUSED,
        before=row.before,
        after=row.after,
        detail=row.refused or why,
        remedy=row.remedy,
    )
