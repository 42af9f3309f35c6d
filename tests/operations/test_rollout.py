"""Waves: who goes when, and when no more go."""

import asyncio
from collections.abc import Sequence

import pytest

from nixtui.operations.events import AnyEvent
from nixtui.operations.operation import Run
from nixtui.operations.plan import Plan
from nixtui.operations.report import Outcome, TargetReport
from nixtui.operations.rollout import Act, Rollout, Rules, roll_out, waves

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


async def rolled(
    rules: Rules, act: Act, *, names: list[str] = NAMES, run: Run | None = None, **more: object
) -> dict[str, TargetReport]:
    reports = await roll_out(waves(names, rules), rules, act, run or a_run(), Rollout(**more))
    return {report.name: report for report in reports}


class Crowd:
    """Acts on hosts that all take until `go` lets them, and remembers how many were at it at once."""

    def __init__(self, tags: dict[str, dict[str, str]], results: dict[str, Outcome] | None = None) -> None:
        self.tags = tags
        self.results = results or {}
        self.busy: set[str] = set()
        self.most = 0
        self.most_per_zone = 0

    async def act(self, name: str) -> TargetReport:
        self.busy.add(name)
        self.most = max(self.most, len(self.busy))
        zones = [self.tags[other].get("zone") for other in self.busy]
        self.most_per_zone = max(self.most_per_zone, *(zones.count(zone) for zone in zones))
        for _ in range(5):
            await asyncio.sleep(0)
        self.busy.remove(name)
        return TargetReport(name=name, outcome=self.results.get(name, Outcome.COMMITTED))


ZONES = {name: {"zone": "abc"[number % 3]} for number, name in enumerate(NAMES)}


async def test_never_more_hosts_are_down_than_the_budgets_allow() -> None:
    crowd = Crowd(ZONES)
    rules = Rules(canary=0, batch=12, max_down=5, max_down_per={"zone": 2})
    found = await rolled(rules, crowd.act, tags=ZONES)
    assert {each.outcome for each in found.values()} == {Outcome.COMMITTED}
    assert (crowd.most, crowd.most_per_zone) == (5, 2)


async def test_a_host_without_the_tag_has_no_share_in_its_budget() -> None:
    tags: dict[str, dict[str, str]] = {name: {} for name in NAMES}
    crowd = Crowd(tags)
    await rolled(Rules(canary=0, batch=12, max_down_per={"zone": 1}), crowd.act, tags=tags)
    assert crowd.most == 12


async def test_a_host_nobody_vouches_for_keeps_its_room() -> None:
    crowd = Crowd(ZONES, {"web-1": Outcome.UNKNOWN})
    rules = Rules(canary=0, batch=12, max_failures=3, max_down_per={"zone": 1})
    found = await rolled(rules, crowd.act, tags=ZONES)
    assert [found[name].outcome for name in ("web-4", "web-7", "web-10")] == [Outcome.REFUSED] * 3
    assert "1 of at most 1 hosts of zone=a are down" in (found["web-4"].detail or "")
    assert found["web-2"].outcome is Outcome.COMMITTED


async def test_within_a_wave_that_waits_for_room_too_many_failures_stop_the_rest() -> None:
    crowd = Crowd(ZONES, {"web-2": Outcome.REVERTED})
    found = await rolled(Rules(canary=0, batch=12, max_down=1), crowd.act, tags=ZONES)
    assert found["web-1"].outcome is Outcome.COMMITTED
    assert {found[name].outcome for name in NAMES[2:]} == {Outcome.REFUSED}


async def test_a_closed_gate_stops_the_rollout_and_says_who_closed_it() -> None:
    looked: list[list[str]] = []

    async def gate(names: Sequence[str]) -> dict[str, str]:
        looked.append(list(names))
        return {"web-3": "nginx.service is failed"} if "web-3" in names else {}

    found = await rolled(Rules(), Crowd(ZONES).act, gate=gate)
    assert looked == [["web-1"], NAMES[:4]]
    assert found["web-3"].outcome is Outcome.FAILED
    assert found["web-3"].detail == "it runs the new system, but nginx.service is failed"
    assert found["web-5"].detail == "not begun: the gate is closed by web-3"


async def test_the_last_wave_has_to_pass_the_gate_as_well() -> None:
    async def gate(names: Sequence[str]) -> dict[str, str]:
        return {"web-2": "it is slow"} if "web-2" in names else {}

    found = await rolled(Rules(), Crowd(ZONES).act, names=NAMES[:2], gate=gate)
    assert [each.outcome for each in found.values()] == [Outcome.COMMITTED, Outcome.FAILED]


async def test_halt_and_revert_takes_back_what_had_arrived_and_nothing_else() -> None:
    back: list[str] = []

    async def take_back(name: str) -> TargetReport:
        back.append(name)
        return TargetReport(name=name, outcome=Outcome.FAILED if name == "web-2" else Outcome.COMMITTED, detail="stuck")

    crowd = Crowd(ZONES, {"web-3": Outcome.REVERTED})
    found = await rolled(Rules(revert=True), crowd.act, take_back=take_back)
    assert sorted(back) == ["web-1", "web-2", "web-4"]
    assert found["web-1"].outcome is Outcome.REVERTED
    assert found["web-1"].detail == "taken back: the rollout failed on web-3"
    assert found["web-2"].outcome is Outcome.FAILED
    assert "going back did not work (failed): stuck" in (found["web-2"].detail or "")
    assert found["web-5"].outcome is Outcome.REFUSED


async def test_failures_that_are_put_up_with_take_nothing_back() -> None:
    async def take_back(name: str) -> TargetReport:
        raise AssertionError(name)

    crowd = Crowd(ZONES, {"web-3": Outcome.REVERTED})
    found = await rolled(Rules(revert=True, max_failures=2), crowd.act, take_back=take_back)
    assert found["web-12"].outcome is Outcome.COMMITTED


async def test_while_it_is_paused_no_host_is_begun() -> None:
    run = a_run()
    crowd = Crowd(ZONES)

    begun = asyncio.Event()

    async def act(name: str) -> TargetReport:
        run.going.clear()
        begun.set()
        return await crowd.act(name)

    rolling = asyncio.create_task(rolled(Rules(), act, run=run))
    await begun.wait()
    for _ in range(100):
        await asyncio.sleep(0)
    assert crowd.most == 1
    assert not rolling.done()
    run.cancelling.set()
    found = await rolling
    assert found["web-2"].detail == "not begun: cancelled by the operator"
    assert found["web-1"].outcome is Outcome.COMMITTED


async def test_a_pause_between_waves_can_be_cancelled() -> None:
    run = a_run()

    async def act(name: str) -> TargetReport:
        asyncio.get_running_loop().call_soon(run.cancelling.set)
        return TargetReport(name=name, outcome=Outcome.COMMITTED)

    async with asyncio.timeout(10):
        found = await rolled(Rules(soak=3600), act, run=run)
    assert found["web-2"].outcome is Outcome.REFUSED
