"""Two operators, and what crashed ones leave behind."""

import asyncio
from dataclasses import replace

import pytest

from nixtui.activation.locks import break_lock_job, plan_break_lock
from nixtui.model.host import Host as ModelHost
from nixtui.operations.events import LogLine
from nixtui.operations.operation import Operation
from nixtui.operations.policy import Answer, Consent, Policy
from nixtui.operations.report import Outcome, TargetReport
from nixtui.remote import guard
from tests.activation.conftest import Attempt, Rolling, leftovers, truth
from tests.lab.host import Host

pytestmark = pytest.mark.lab


def other_operator(rolling: Rolling) -> Rolling:
    return replace(rolling, name="you@there")


async def slow_attempt(rolling: Rolling, host: Host, seconds: int = 60) -> Attempt:
    """An operation of somebody's that is in the middle of its activation."""
    host.set_slow_seconds(seconds)
    attempt = await rolling.to_variant("slow")
    await attempt.until(lambda event: isinstance(event, LogLine) and "step" in event.text)
    return attempt


async def break_the_lock(rolling: Rolling, host: Host) -> TargetReport:
    hosts = [ModelHost(name=host.name, address=host.name)]
    operation = Operation("breaker1", plan_break_lock(hosts), break_lock_job(hosts, rolling.reach, rolling.name))
    report = await operation.run(Consent(Answer.YES_FLAG), Policy(), rolling.journal)
    return report.targets[0]


async def test_the_second_operator_is_told_who_holds_the_lock_and_since_when(rolling: Rolling, host: Host) -> None:
    second = other_operator(rolling)
    rollback = await second.plan("previous")
    first = await slow_attempt(rolling, host, seconds=5)
    refused = await second.start(rollback).report()
    assert refused.outcome is Outcome.REFUSED
    assert "locked by me@here" in (refused.detail or "")
    assert f"operation {first.operation.id}" in (refused.detail or "")
    assert " s ago" in (refused.detail or "")
    assert (await first.report()).outcome is Outcome.COMMITTED
    assert truth(host).current == host.variants["slow"]
    assert leftovers(host) == ""


async def test_of_two_at_the_same_moment_exactly_one_has_it(rolling: Rolling, host: Host) -> None:
    second = other_operator(rolling)
    plans = [await rolling.plan("previous"), await second.plan(str(host.generations[-3].number))]
    both = [rolling.start(plans[0]), second.start(plans[1])]
    outcomes = {(await attempt.report()).outcome for attempt in both}
    assert outcomes == {Outcome.COMMITTED, Outcome.REFUSED}
    now = truth(host)
    assert now.current == now.profile == now.boot_default
    assert now.current in (host.generations[-2].path, host.generations[-3].path)


async def test_a_broken_lock_ends_the_operation_that_held_it(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    first = await slow_attempt(rolling, host)
    broken = await break_the_lock(other_operator(rolling), host)
    assert broken.outcome is Outcome.COMMITTED, broken.detail
    report = await first.report()
    assert report.outcome is Outcome.REVERTED
    assert "lock was broken by you@there" in (report.detail or "")
    assert truth(host) == before
    assert leftovers(host) == ""


async def test_an_ending_that_is_released_as_it_is_read_is_still_known(rolling: Rolling, host: Host) -> None:
    """Two look at the same ending: the one who began it releases it between the other's look and reading."""
    host.sh(
        "mkdir -p /run/nixtui/gone0001/outcome /run/nixtui/ended\n"  # there, and nothing that could be read
        "printf 'outcome reverted\noperation gone0001\n' >/run/nixtui/ended/gone0001"
    )
    async with rolling.reach(ModelHost(name=host.name, address=host.name)) as transport:
        assert (await guard.inspect(transport, "gone0001")).outcome is guard.GuardOutcome.REVERTED
    host.sh("rm -r /run/nixtui/gone0001 /run/nixtui/ended/gone0001")


async def test_a_lock_that_nobody_holds_is_broken_without_harm(rolling: Rolling, host: Host) -> None:
    assert (await break_the_lock(rolling, host)).outcome is Outcome.UNCHANGED


async def test_the_lock_of_a_crash_is_told_and_cleared_away(rolling: Rolling, host: Host) -> None:
    """Locked, never armed, and half a minute old: no unit of that operation is left."""
    host.sh(
        "mkdir -p /run/nixtui/dead0001 /run/nixtui/ended; read up _ </proc/uptime\n"
        "printf 'operation dead0001\\noperator ghost@gone\\nsince 1\\nuptime %s\\n' $((${up%%.*} - 31))"
        " >/run/nixtui/dead0001/holder\n"
        "ln /run/nixtui/dead0001/holder /run/nixtui/lock\n"
        "ln -s /run/current-system /nix/var/nix/gcroots/nixtui-dead0001-new\n"
    )
    attempt = await rolling.to("previous")
    assert (await attempt.report()).outcome is Outcome.COMMITTED
    assert any("dead0001" in note for note in attempt.notes)
    assert leftovers(host) == ""


async def test_a_fresh_lock_is_respected_even_before_it_is_armed(rolling: Rolling, host: Host) -> None:
    host.sh(
        "mkdir -p /run/nixtui/live0001 /run/nixtui/ended; read up _ </proc/uptime\n"
        "printf 'operation live0001\\noperator you@there\\nsince %s\\nuptime %s\\n' $(date +%s) ${up%%.*}"
        " >/run/nixtui/live0001/holder; ln /run/nixtui/live0001/holder /run/nixtui/lock"
    )
    assert (await (await rolling.to("previous")).report()).outcome is Outcome.REFUSED


async def test_roots_that_a_power_cut_left_are_cleared_away(rolling: Rolling, host: Host) -> None:
    attempt = await slow_attempt(rolling, host)
    await asyncio.to_thread(host.power_cut)
    await asyncio.to_thread(host.power_on)
    assert (await attempt.report()).outcome is Outcome.REVERTED
    assert "nixtui-" in leftovers(host)
    following = await rolling.to("previous")
    assert (await following.report()).outcome is Outcome.COMMITTED
    assert any(attempt.operation.id in note for note in following.notes)
    assert leftovers(host) == ""
