"""What people ask of a host while it is armed: confirm by hand, go back now, wait longer. On real hosts."""

import asyncio

import msgspec
import pytest

from nixtui.activation.guarded import HealthCheck
from nixtui.operations.events import Countdown, LogLine, Note
from nixtui.operations.operation import Operation
from nixtui.operations.report import Outcome
from nixtui.operations.requests import NotNow, Request
from nixtui.remote import guard
from nixtui.remote.transport import Transport
from tests.activation.conftest import QUICK, Attempt, Rolling, leftovers, truth
from tests.lab.host import Host

pytestmark = pytest.mark.lab

PATIENT = msgspec.structs.replace(QUICK, revert_after=40.0, health=(HealthCheck("sleep 30", 35.0),))


async def in_activation(rolling: Rolling, host: Host) -> Attempt:
    host.set_slow_seconds(60)
    attempt = await rolling.to_variant("slow", settings=PATIENT)
    await attempt.until(lambda event: isinstance(event, LogLine) and "step" in event.text)
    return attempt


def ask(operation: Operation, host: Host, request: Request) -> None:
    operation.ask(host.name, request)


async def test_going_back_now_in_the_middle_of_an_activation(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    attempt = await in_activation(rolling, host)
    ask(attempt.operation, host, Request.GO_BACK)
    report = await attempt.report()
    assert report.outcome is Outcome.REVERTED
    assert "taken back by the operator" in (report.detail or "")
    assert not attempt.operation.is_cancelling
    assert truth(host) == before
    assert leftovers(host) == ""
    assert "the operator asks to go back now" in attempt.notes
    told = await rolling.journal.events(attempt.operation.id)
    assert any(isinstance(each, Note) and "asks to go back now" in each.text for each in told)


async def test_confirming_is_refused_until_activation_and_login_are_through_and_commits_then(
    rolling: Rolling, host: Host
) -> None:
    host.set_slow_seconds(4)
    attempt = await rolling.to_variant("slow", settings=PATIENT)
    await attempt.until(lambda event: isinstance(event, LogLine) and "step" in event.text)
    with pytest.raises(NotNow, match="the activation has not ended"):
        ask(attempt.operation, host, Request.CONFIRM)
    await attempt.until_step("verifying")
    await host.until(lambda: attempt.operation.why_not(host.name, Request.CONFIRM) is None)
    ask(attempt.operation, host, Request.CONFIRM)
    report = await attempt.report()
    assert report.outcome is Outcome.COMMITTED
    assert report.seconds is not None and report.seconds < 25
    assert truth(host).current == truth(host).boot_default == host.variants["slow"]
    assert leftovers(host) == ""
    with pytest.raises(NotNow, match="the operation has ended"):
        ask(attempt.operation, host, Request.CONFIRM)


async def test_extending_puts_the_hosts_own_deadline_off(rolling: Rolling, host: Host) -> None:
    attempt = await rolling.to(settings=PATIENT)
    await attempt.until_step("verifying")
    await host.until(lambda: attempt.operation.why_not(host.name, Request.CONFIRM) is None)
    left = host.sh("cat /run/nixtui/*/deadline").strip()
    host.sh("sleep 2")
    ask(attempt.operation, host, Request.EXTEND)
    await attempt.until(lambda event: isinstance(event, Note) and "40 s more from now" in event.text)
    assert int(host.sh("cat /run/nixtui/*/deadline")) >= int(left) + 2
    assert sum(isinstance(event, Countdown) for event in attempt.operation.events) >= 2
    ask(attempt.operation, host, Request.GO_BACK)
    assert (await attempt.report()).outcome is Outcome.REVERTED


async def test_a_wish_for_more_time_outlives_the_login_that_it_came_during(
    rolling: Rolling, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sign of life is still on its way when the new login is through, and what waited for both goes on."""
    really, asked = guard.extend, asyncio.Event()

    async def first_takes_too_long(transport: Transport, operation: str, limit: float) -> guard.Armed | guard.Finding:
        if not asked.is_set():
            asked.set()
            await asyncio.Event().wait()
        return await really(transport, operation, limit)

    monkeypatch.setattr(guard, "extend", first_takes_too_long)
    attempt = await rolling.to(settings=PATIENT)
    await attempt.until_step("verifying")
    ask(attempt.operation, host, Request.EXTEND)
    await attempt.until(lambda event: isinstance(event, Note) and "40 s more from now" in event.text)
    assert asked.is_set()
    ask(attempt.operation, host, Request.GO_BACK)
    assert (await attempt.report()).outcome is Outcome.REVERTED


async def test_a_host_that_is_not_armed_cannot_be_asked(rolling: Rolling, host: Host) -> None:
    attempt = await rolling.to("current")
    await attempt.report()
    with pytest.raises(NotNow):
        ask(attempt.operation, host, Request.EXTEND)
