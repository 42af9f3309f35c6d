"""What stands in the way of a host, and which deploys of the past count."""

import pytest

from nixtui.deploys.past import missed, quarantined
from nixtui.deploys.preflight import _runs, megabytes
from nixtui.operations.journal import Entry
from nixtui.operations.plan import Plan, Target
from nixtui.operations.report import Outcome, Report, TargetReport
from nixtui.remote.landing import parse_landing
from nixtui.remote.transport import Completed

SYSTEM = "/nix/store/qj7s3zfhn6vd4q6f2xm4rkflr1cs4dz3-nixos-system-h1-26.05"


@pytest.mark.parametrize(
    ("machine", "platform", "fits"),
    [
        ("x86_64", "x86_64-linux", True),
        ("x86_64", "i686-linux", True),
        ("x86_64", "aarch64-linux", False),
        ("aarch64", "x86_64-linux", False),
        ("riscv64", "riscv64-linux", True),
    ],
)
def test_a_system_for_another_machine_is_noticed(machine: str, platform: str, fits: bool) -> None:
    assert _runs(machine, platform) is fits


def test_room_is_told_for_people() -> None:
    assert [megabytes(count) for count in (340, 12e6, 1.44e9)] == ["340 B", "12 MB", "1.4 GB"]


def test_an_answer_of_a_host_is_read_and_garbage_in_it_is_not_believed() -> None:
    text = f"machine x86_64\nstore_kib 2048\nboot_kib many\nmissing {SYSTEM}\nmissing /etc/passwd\nend\n"
    found = parse_landing("h1", Completed(0, text, ""))
    assert found.missing == {SYSTEM}
    assert (found.machine, found.store_bytes, found.boot_bytes) == ("x86_64", 2048 * 1024, None)


def entry(
    outcome: Outcome, *, phase: str | None = "activation", interrupted: bool = False, kind: str = "deploy"
) -> Entry:
    plan = Plan(kind=kind, title="", steps=(), targets=(Target(name="h1", facts={"system": SYSTEM}),))
    report = Report(
        operation="op",
        outcome=outcome,
        targets=(TargetReport(name="h1", outcome=outcome, detail="why", phase=phase),),
        interrupted=interrupted,
    )
    return Entry(
        operation="op",
        kind=kind,
        title="",
        operator="me",
        origin="here",
        owner="me",
        reason=None,
        started_at=1.0,
        finished_at=2.0,
        plan=plan,
        report=report,
    )


def test_a_system_that_went_back_is_quarantined_until_it_succeeds() -> None:
    assert quarantined([entry(Outcome.REVERTED)]) == {SYSTEM: "it failed on h1 in operation op: why"}
    assert quarantined([entry(Outcome.COMMITTED), entry(Outcome.REVERTED)]) == {}
    assert SYSTEM in quarantined([entry(Outcome.FAILED), entry(Outcome.COMMITTED)])


def test_what_says_nothing_about_the_system_quarantines_nothing() -> None:
    assert quarantined([entry(Outcome.FAILED, phase="copy")]) == {}
    assert quarantined([entry(Outcome.REVERTED, interrupted=True)]) == {}
    assert quarantined([entry(Outcome.UNREACHABLE)]) == {}


def test_a_host_that_was_away_has_missed_it_until_something_reached_it() -> None:
    assert [(each.host, each.system) for each in missed([entry(Outcome.UNREACHABLE)])] == [("h1", SYSTEM)]
    assert missed([entry(Outcome.COMMITTED, kind="rollback"), entry(Outcome.UNREACHABLE)]) == []
