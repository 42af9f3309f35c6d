"""A plan and its relatives, as small as they can be and still say everything."""

from nixtui.operations.events import LogLine
from nixtui.operations.journal import Intent
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport

PLAN = Plan(
    kind="rollback",
    title="Roll back 2 hosts",
    targets=(
        Target(name="web-1", environment="prod", before="155", after="154", facts={"new": "/nix/store/aaa-system"}),
        Target(name="web-2", before="80", after="80", refused="runs it already", refused_as=Outcome.UNCHANGED),
    ),
    steps=(Step("Activate", ("switch-to-configuration test",)),),
    warnings=("another kernel: reboot needed",),
)


def intent(operation: str = "op", *, at: float = 1000.0, reason: str | None = None) -> Intent:
    """What is about to be done."""
    return Intent(operation, PLAN, reason, at)


def report(operation: str = "op", outcome: Outcome = Outcome.COMMITTED) -> Report:
    """What became of both hosts."""
    targets = tuple(TargetReport(name=target.name, outcome=outcome) for target in PLAN.targets)
    return Report(operation=operation, outcome=outcome, targets=targets)


def log_line(number: int, target: str = "web-1") -> LogLine:
    """One of many lines, told apart by its number."""
    return LogLine(at=1000.0 + number, target=target, text=f"line {number}")
