"""Waves: who goes when, and when no more go."""

import asyncio

import pytest

from nixtui.operations.events import AnyEvent
from nixtui.operations.operation import Run
from nixtui.operations.plan import Plan
from nixtui.operations.report import Outcome, TargetReport
from nixtui.operations.rollout import Rules, roll_out, waves

NAMES = [f"web-{number}" for number in range(1, 13)]


@pytest.mark.parametrize(
    ("rules", "sizes"),
    [
        (Rules(), [1, 3, 3, 3, 2]),
        (Rules(canary=2, batch=5), [2, 5, 5]),
        (Rules(canary=0, batch=12), [12]),
        (Rules(canary=0, batch=0.01), [1] * 12),
        (Rules(canary=20), [12]),
    ],
)
def test_waves_are_the_canaries_and_then_batches(rules: Rules, sizes: list[int]) -> None:
    cut = waves(NAMES, rules)
    assert [len(wave) for wave in cut] == sizes
    assert [name for wave in cut for name in wave] == NAMES


def test_one_host_is_one_wave_and_none_is_none() -> None:
    assert waves(["web-1"], Rules()) == [["web-1"]]
    assert waves([], Rules()) == []


def a_run(events: list[AnyEvent] | None = None) -> Run:
    plan = Plan(kind="rollback", title="", targets=(), steps=())
    return Run("op", plan, (events if events is not None else []).append, lambda: 0.0, asyncio.Event())


async def outcomes(rules: Rules, results: dict[str, Outcome], run: Run | None = None) -> dict[str, Outcome]:
    """What becomes of twelve hosts of which some have these outcomes and all others are committed."""

    async def act(name: str) -> TargetReport:
        return TargetReport(name=name, outcome=results.get(name, Outcome.COMMITTED))

    reports = await roll_out(waves(NAMES, rules), rules, act, run or a_run())
    return {report.name: report.outcome for report in reports}


async def test_a_failed_canary_stops_everything_else() -> None:
    found = await outcomes(Rules(), {"web-1": Outcome.REVERTED})
    assert found.pop("web-1") is Outcome.REVERTED
    assert set(found.values()) == {Outcome.REFUSED}


async def test_a_failing_host_does_not_stop_the_others_of_its_wave() -> None:
    found = await outcomes(Rules(), {"web-2": Outcome.FAILED})
    assert [found[name] for name in ("web-3", "web-4")] == [Outcome.COMMITTED] * 2
    assert {found[name] for name in NAMES[4:]} == {Outcome.REFUSED}


async def test_failures_below_the_limit_are_put_up_with() -> None:
    found = await outcomes(Rules(max_failures=3), {"web-2": Outcome.FAILED, "web-6": Outcome.UNKNOWN})
    assert list(found.values()).count(Outcome.COMMITTED) == 10


async def test_unreachable_hosts_are_reported_and_do_not_count_as_failures() -> None:
    found = await outcomes(Rules(), {"web-2": Outcome.UNREACHABLE, "web-3": Outcome.UNREACHABLE})
    assert list(found.values()).count(Outcome.COMMITTED) == 10


async def test_a_canary_that_cannot_be_reached_proves_nothing() -> None:
    found = await outcomes(Rules(), {"web-1": Outcome.UNREACHABLE})
    assert {found[name] for name in NAMES[1:]} == {Outcome.REFUSED}


async def test_cancelling_begins_no_further_wave() -> None:
    run = a_run()
    run.cancelling.set()
    found = await outcomes(Rules(), {}, run)
    assert list(found.values()) == [Outcome.COMMITTED] + [Outcome.REFUSED] * 11


async def test_the_hosts_of_a_wave_go_at_the_same_time() -> None:
    together = asyncio.Barrier(12)

    async def act(name: str) -> TargetReport:
        await together.wait()
        return TargetReport(name=name, outcome=Outcome.COMMITTED)

    async with asyncio.timeout(5):
        reports = await roll_out([NAMES], Rules(), act, a_run())
    assert len(reports) == 12


async def test_a_bug_met_on_one_host_is_told_and_hides_nothing_of_the_others() -> None:
    async def act(name: str) -> TargetReport:
        if name == "web-2":
            raise ValueError("boom")
        return TargetReport(name=name, outcome=Outcome.COMMITTED)

    reports = {each.name: each for each in await roll_out([["web-1", "web-2"], ["web-3"]], Rules(), act, a_run())}
    assert reports["web-1"].outcome is Outcome.COMMITTED
    assert reports["web-2"].outcome is Outcome.UNKNOWN
    assert "boom" in (reports["web-2"].detail or "")
    assert reports["web-3"].outcome is Outcome.REFUSED
