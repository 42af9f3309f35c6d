"""Events added up into where every host stands."""

from nixtui.cli.narration import report_lines
from nixtui.operations.events import (
    Countdown,
    LogLine,
    Note,
    OperationFinished,
    Progress,
    StepFinished,
    StepStarted,
    TargetFinished,
    WentOn,
)
from nixtui.operations.plan import Plan, Target
from nixtui.operations.report import Outcome, Report, TargetReport
from nixtui.tui.ledger import KEPT_LINES, Ledger
from nixtui.tui.paint import plain
from nixtui.tui.story import markdown

PLAN = Plan(
    kind="rollback",
    title="Roll back 3 hosts",
    targets=(
        Target(name="web-1", before="2", after="1"),
        Target(name="web-2", before="2", after="1", wave=2),
        Target(name="db-1", refused="no route to host"),
    ),
    steps=(),
)


def said(ledger: Ledger, name: str, now: float = 10.0) -> str:
    return plain(ledger.targets[name].line(now)).strip()


def test_before_anything_happened_every_host_says_what_it_waits_for() -> None:
    ledger = Ledger(PLAN)
    assert said(ledger, "web-1") == "waiting for wave 1"
    assert said(ledger, "web-2") == "waiting for wave 2"
    assert said(ledger, "db-1") == "⊘ left out"
    assert plain(ledger.summary(0)) == "1/3 …"


def test_a_host_on_its_way() -> None:
    ledger = Ledger(
        PLAN,
        [
            StepStarted(at=1, target="web-1", step="locked"),
            StepFinished(at=2, target="web-1", step="locked", ok=True, seconds=1),
            StepStarted(at=2, target="web-1", step="armed"),
            Countdown(at=2, target="web-1", until=91),
            StepFinished(at=2, target="web-1", step="armed", ok=True, seconds=0),
            StepStarted(at=3, target="web-1", step="testing"),
        ],
    )
    assert said(ledger, "web-1") == "locked ✔  armed ✔ 01:21  testing … 7.0 s"
    assert "goes back in 01:21" in plain(ledger.summary(10))


def test_a_step_that_ended_without_a_word_went_well() -> None:
    ledger = Ledger(PLAN, [StepStarted(at=t, target="web-1", step=step) for t, step in ((1, "locked"), (2, "testing"))])
    assert said(ledger, "web-1", 2) == "locked ✔  testing …"


def test_progress_is_a_share() -> None:
    events = [
        StepStarted(at=1, target="web-1", step="copying"),
        Progress(at=1, target="web-1", step="copying", done=25, total=100, unit="bytes"),
    ]
    assert said(Ledger(PLAN, events), "web-1", 1) == "copying … 25%"


def test_progress_in_bytes_has_speed_and_what_is_left() -> None:
    gib = 1024**3
    events = [
        StepStarted(at=10, target="web-1", step="sending blocks"),
        Progress(at=20, target="web-1", step="sending blocks", done=gib, total=4 * gib, unit="bytes"),
    ]
    assert said(Ledger(PLAN, events), "web-1", 22) == "sending blocks … 25% of 4.0 GiB, 102 MiB/s, 28 s left"


def test_the_end_of_a_host_is_its_report_and_no_countdown_is_left() -> None:
    report = TargetReport(name="web-1", outcome=Outcome.REVERTED, seconds=7.9)
    ledger = Ledger(
        PLAN, [Countdown(at=1, target="web-1", until=90), TargetFinished(at=9, target="web-1", report=report)]
    )
    assert said(ledger, "web-1") == "↶ reverted in 7.9 s"
    assert ledger.soonest is None


def test_a_flood_of_output_keeps_the_newest_and_counts_the_rest() -> None:
    ledger = Ledger(PLAN, (LogLine(at=1, target="web-1", text=f"line {n}") for n in range(KEPT_LINES + 5)))
    state = ledger.targets["web-1"]
    assert state.dropped == 5
    assert plain(state.said[-1]) == f"line {KEPT_LINES + 4}"


def test_notes_for_nobody_in_particular_belong_to_the_operation() -> None:
    ledger = Ledger(PLAN, [Note(at=1, text="wave 1 of 2: web-1"), Note(at=1, target="web-1", text="hello")])
    assert [plain(each) for each in ledger.said] == ["· wave 1 of 2: web-1"]


def test_events_of_hosts_that_are_not_in_the_plan_harm_nobody() -> None:
    ledger = Ledger(PLAN, [StepStarted(at=1, target="elsewhere", step="testing")])
    assert set(ledger.targets) == {"web-1", "web-2", "db-1"}


def test_the_report_is_the_truth_for_all() -> None:
    reports = tuple(TargetReport(name=name, outcome=Outcome.UNKNOWN) for name in ("web-1", "web-2", "db-1"))
    ledger = Ledger(PLAN)
    ledger.take(OperationFinished(at=9, report=Report(operation="x", outcome=Outcome.UNKNOWN, targets=reports)))
    assert plain(ledger.summary(9)) == "? unknown"
    assert said(ledger, "web-2") == "? unknown"


def test_of_what_led_to_the_plan_only_what_was_said_stays() -> None:
    ledger = Ledger(PLAN)
    built = TargetReport(name="web-1", outcome=Outcome.COMMITTED)
    ledger.take(Note(at=1, text="evaluated 3 systems in 1.2 s"))
    ledger.take(TargetFinished(at=2, target="web-1", report=built))
    ledger.take(OperationFinished(at=3, report=Report(operation="x", outcome=Outcome.COMMITTED, targets=(built,))))
    ledger.take(WentOn(at=4, before=PLAN, report=None))
    assert (ledger.report, said(ledger, "web-1")) == (None, "waiting for wave 1")
    assert "evaluated 3 systems" in plain(ledger.said[0])
    ledger.take(StepStarted(at=5, target="web-1", step="copying"))
    assert said(ledger, "web-1").startswith("copying …")


def test_the_story_is_a_markdown_table_that_no_host_can_break() -> None:
    report = TargetReport(
        name="web-1", outcome=Outcome.FAILED, before="2", after="1", detail="a | b\nc", log=("\x1b[2J```oops",)
    )
    ledger = Ledger(PLAN)
    ledger.take_report(Report(operation="x", outcome=Outcome.FAILED, targets=(report,)))
    text = markdown(ledger, 0)
    assert r"| web-1 | 2 | 1 | failed | a \| b c |" in text
    assert "\x1b" not in text


def test_what_was_never_begun_was_refused_by_nobody() -> None:
    never = TargetReport(name="web-2", outcome=Outcome.REFUSED, detail="not begun: cancelled by the operator")
    locked = TargetReport(name="db-1", outcome=Outcome.REFUSED, detail="locked by ops-2; nothing was done")
    ended = [TargetFinished(at=3, target=each.name, report=each) for each in (never, locked)]
    ledger = Ledger(PLAN, ended)
    assert said(ledger, "web-2") == "⊘ not begun"
    assert said(ledger, "db-1") == "⊘ refused"
    rows = markdown(ledger, 0).splitlines()
    assert "| web-2 | 2 | 1 | not begun | cancelled by the operator |" in rows
    assert "| db-1 |  |  | refused | locked by ops-2; nothing was done |" in rows
    report = Report(operation="8f2a", outcome=Outcome.REFUSED, targets=(never, locked))
    assert report_lines(report, "rollback") == [
        "⊘ web-2  not begun: cancelled by the operator",
        "⊘ db-1  refused: locked by ops-2; nothing was done",
    ]
