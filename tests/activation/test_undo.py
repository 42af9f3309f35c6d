"""What undoing the last operation on a host means."""

import msgspec
import pytest

from nixtui.activation.rollback import Seen
from nixtui.activation.undo import way_back
from nixtui.model.host import Host
from nixtui.model.target import NoSuchGeneration
from nixtui.operations.journal import Entry
from nixtui.operations.plan import Plan, Target
from nixtui.operations.report import Outcome, Report, TargetReport
from tests.model.test_retention import host as generations_of

HOST = Host(name="web-1", address="web-1")


def path(number: int) -> str:
    return f"/nix/store/{number:032d}-nixos-system-x-25.11"


def entry(before: int, after: int, outcome: Outcome = Outcome.COMMITTED, **facts: str) -> Entry:
    target = Target(name="web-1", before=str(before), after=str(after), facts=facts)
    report = TargetReport(name="web-1", outcome=outcome, before=str(before), after=str(after))
    return Entry(
        operation=f"op{before}{after}",
        kind="rollback",
        title="",
        owner="token",
        plan=Plan(kind="rollback", title="", targets=(target,), steps=()),
        operator="me",
        origin="here",
        reason=None,
        started_at=1_000.0,
        finished_at=1_010.0,
        report=Report(operation="x", outcome=outcome, targets=(report,)),
    )


def test_a_rollback_is_undone_to_where_it_came_from_and_not_further_back() -> None:
    seen = Seen(HOST, generations_of(running=8, profile=8))
    found = way_back(seen, [entry(10, 8, new=path(8), previous=path(10))], 1_300.0)
    assert (found.target, found.why) == ("10", "what ran before rollback op108 by me, 5 min ago")


def test_what_was_no_generation_is_gone_back_to_by_its_path() -> None:
    seen = Seen(HOST, generations_of(running=8, profile=8))
    found = way_back(seen, [entry(10, 8, new=path(8), previous=path(99))], 1_300.0)
    assert found.target == f"path:{path(99)}"


def test_entries_without_paths_tell_by_their_numbers() -> None:
    assert way_back(Seen(HOST, generations_of(running=8, profile=8)), [entry(5, 8)], 0.0).target == "5"


def test_reverted_and_refused_operations_moved_nothing() -> None:
    seen = Seen(HOST, generations_of(running=8, profile=8))
    entries = [
        entry(8, 3, Outcome.REVERTED, new=path(3), previous=path(8)),
        entry(10, 8, new=path(8), previous=path(10)),
    ]
    assert way_back(seen, entries, 0.0).target == "10"


def test_where_somebody_used_other_tools_since_it_is_the_generation_before() -> None:
    seen = Seen(HOST, generations_of(running=10))
    found = way_back(seen, [entry(5, 8, new=path(8), previous=path(5))], 0.0)
    assert found.target == "9"
    assert "the journal does not know" in found.why


def test_a_host_that_cannot_be_asked_has_no_way_back() -> None:
    with pytest.raises(NoSuchGeneration, match="it is asleep"):
        way_back(Seen(HOST, None, "it is asleep"), [], 0.0)


def test_operations_of_other_kinds_are_no_moves() -> None:
    pinned = msgspec.structs.replace(entry(1, 10), kind="pin")
    assert way_back(Seen(HOST, generations_of(running=10)), [pinned], 0.0).target == "9"
