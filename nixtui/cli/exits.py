"""Exit statuses, which scripts rely on, and which of them an outcome or an error is."""

from enum import IntEnum

from nixtui.operations.report import Outcome, Report


class Exit(IntEnum):
    """What `nixtui` ends with. Never renumber."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    PARTIAL = 4
    REFUSED = 5
    INTERRUPTED = 130


class UsageError(Exception):
    """The command cannot be understood or makes no sense here: exit 2. The message names the remedy."""


class NotReached(Exception):
    """Nobody answered who could have been meant: exit 3, the same command may work later."""


_BY_OUTCOME = {
    Outcome.COMMITTED: Exit.DONE,
    Outcome.TESTED: Exit.DONE,
    Outcome.UNCHANGED: Exit.DONE,
    Outcome.PARTIAL: Exit.PARTIAL,
    Outcome.UNREACHABLE: Exit.UNREACHABLE,
    Outcome.REFUSED: Exit.REFUSED,
    Outcome.REVERTED: Exit.FAILED,
    Outcome.FAILED: Exit.FAILED,
    Outcome.UNKNOWN: Exit.FAILED,
}


def exit_for(report: Report) -> Exit:
    """The exit status of a finished operation."""
    return Exit.INTERRUPTED if report.interrupted else _BY_OUTCOME[report.outcome]
