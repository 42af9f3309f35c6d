"""A report: the truth about an operation after it ended."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """How it ended, for one target or for the whole. The values are part of the JSON contract."""

    COMMITTED = "committed"
    TESTED = "tested"
    UNCHANGED = "unchanged"
    REVERTED = "reverted"
    FAILED = "failed"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"
    PARTIAL = "partial"

    @property
    def is_success(self) -> bool:
        """The target is as the plan wanted it."""
        return self in (Outcome.COMMITTED, Outcome.TESTED, Outcome.UNCHANGED)


def word(outcome: Outcome, kind: str) -> str:
    """What an outcome is called for people: only what lasts beyond a proof is `committed`, the rest is `done`."""
    passing = ("run", "reboot", "break-lock", "build", "copy", "instance-connect")
    lasts = kind not in passing and not kind.startswith(("secrets-", "image-"))
    return outcome.value if outcome is not Outcome.COMMITTED or lasts else "done"


_NOT_BEGUN = "not begun: "


def in_words(outcome: Outcome, detail: str | None, kind: str) -> tuple[str, str | None]:
    """How it ended for one target and why, as people read it.

    What was never begun, as somebody cancelled or a wave before failed, was refused by nobody: it is `not begun` for
    people, and `refused` in the contract with scripts.
    """
    if outcome is Outcome.REFUSED and detail is not None and detail.startswith(_NOT_BEGUN):
        return _NOT_BEGUN.removesuffix(": "), detail.removeprefix(_NOT_BEGUN)
    return word(outcome, kind), detail


class TargetReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one target.

    `detail` is one sentence for people: what happened and, where something is left to do, what. `exit_code` is that of
    the deciding command on the host, if one decided. `log` holds the last lines that explain a failure. `phase` is how
    far a job of several phases came with it.
    """

    name: str
    outcome: Outcome
    before: str | None = None
    after: str | None = None
    exit_code: int | None = None
    detail: str | None = None
    remedy: str | None = None
    seconds: float | None = None
    log: tuple[str, ...] = ()
    phase: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an operation; `interrupted` when the user stopped it."""

    operation: str
    outcome: Outcome
    targets: tuple[TargetReport, ...]
    interrupted: bool = False


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """One word for many targets.

    The same word where all agree, `committed` where all are well (`tested` when one of them runs what its next boot
    will not bring), otherwise `partial` as soon as one is well. Among failures the one that most needs looking at wins.
    """
    found = set(outcomes)
    if not found:
        return Outcome.UNCHANGED
    if len(found) == 1:
        return found.pop()
    if all(outcome.is_success for outcome in found):
        return Outcome.TESTED if Outcome.TESTED in found else Outcome.COMMITTED
    if any(outcome.is_success or outcome is Outcome.PARTIAL for outcome in found):
        return Outcome.PARTIAL
    worst_first = (Outcome.UNKNOWN, Outcome.FAILED, Outcome.REVERTED, Outcome.UNREACHABLE, Outcome.REFUSED)
    return next(outcome for outcome in worst_first if outcome in found)
