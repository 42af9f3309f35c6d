"""The guard on demo hosts, end to end: the same scripts, over the same SSH, with the same results as on real ones."""

import asyncio

import pytest

from nixtui.activation.locks import break_lock_job, plan_break_lock
from nixtui.activation.rollback import Action
from nixtui.operations.events import StepStarted
from nixtui.operations.operation import Operation
from nixtui.operations.policy import Answer, Consent
from nixtui.operations.report import Outcome
from nixtui.remote import guard
from nixtui.remote.probe import read_facts
from nixtui.remote.transport import Transport
from tests.demo.conftest import Start
from tests.demo.operator import QUICK, Operator
from tests.demo.waiting import until


async def numbers(operator: Operator, name: str) -> tuple[int | None, int | None, set[int]]:
    """The generations that a host runs, has as its profile, and boots next."""
    known = await operator.generations(name)
    boots = {each.number for each in known.items if each.boot_default}
    return known.running and known.running.number, known.profile and known.profile.number, boots


async def nothing_left(operator: Operator, name: str) -> bool:
    root = operator.fleet.hosts[name].root
    left = [each.name for each in root.at("/run/nixtui").iterdir() if each.name != "ended"]
    units = (await operator.run(name, "systemctl list-units --all 'nixtui-*'")).stdout
    return not left and not list(root.at("/nix/var/nix/gcroots").iterdir()) and not units


async def test_going_back_from_a_bad_deploy_is_committed_and_heals_the_unit(start: Start) -> None:
    async with start("web-2") as operator:
        async with operator.at("web-2") as transport:
            before = await read_facts(transport)
        report = await operator.roll_back("web-2")
        async with operator.at("web-2") as transport:
            after = await read_facts(transport)
        assert before.failed_units == ("nginx.service",)
        assert (report.outcome, report.before, report.after) == (Outcome.COMMITTED, "412", "411")
        assert (after.failed_units, after.systemd_state, after.generation) == ((), "running", 411)
        assert await numbers(operator, "web-2") == (411, 411, {411})
        assert await nothing_left(operator, "web-2")


async def test_a_generation_whose_unit_fails_is_reverted(start: Start) -> None:
    async with start("web-3") as operator:
        report = await operator.roll_back("web-3")
        assert (report.outcome, report.exit_code) == (Outcome.REVERTED, 4)
        assert "nginx.service failed, which did not fail before" in (report.detail or "")
        assert any("cannot load certificate" in line for line in report.log)
        assert await numbers(operator, "web-3") == (410, 410, {410})
        async with operator.at("web-3") as transport:
            assert (await read_facts(transport)).failed_units == ()
        assert await nothing_left(operator, "web-3")


async def test_a_generation_that_does_not_activate_is_reverted(start: Start) -> None:
    async with start("stage-db-1") as operator:
        report = await operator.roll_back("stage-db-1")
        assert (report.outcome, report.exit_code) == (Outcome.REVERTED, 2)
        assert await numbers(operator, "stage-db-1") == (149, 149, {149})


async def test_what_was_only_tested_by_hand_is_left_for_the_profile(start: Start) -> None:
    async with start("web-5") as operator:
        assert await numbers(operator, "web-5") == (None, 411, {411})
        report = await operator.roll_back("web-5")
        assert report.outcome is Outcome.COMMITTED
        assert await numbers(operator, "web-5") == (411, 411, {411})


async def test_another_systemd_is_no_live_switch_but_a_reboot(start: Start) -> None:
    async with start("db-1") as operator:
        refused = await operator.roll_back("db-1", "385")
        assert refused.outcome is Outcome.REFUSED
        assert "systemd would change from 258 to 257" in (refused.detail or "")
        async with operator.at("db-1") as transport:
            before = await read_facts(transport)
        report = await operator.roll_back("db-1", "385", Action.REBOOT)
        async with operator.at("db-1") as transport:
            after = await read_facts(transport)
        assert (report.outcome, report.detail) == (Outcome.COMMITTED, "rebooted; runs, boots and is the profile")
        assert (before.kernel_running, after.kernel_running) == ("6.12.58", "6.12.46")
        assert before.boot_id != after.boot_id
        assert after.uptime_s is not None and after.uptime_s < 60
        assert await numbers(operator, "db-1") == (385, 385, {385})


async def has_ended(transport: Transport, operation: str) -> bool:
    return (await guard.inspect(transport, operation)).outcome is not guard.GuardOutcome.OPEN


async def test_an_operator_who_disappears_is_outwaited(start: Start) -> None:
    """The guard's timer is the host's own: nobody is connected when it goes back."""
    async with start("web-1") as operator:
        operation, running = await operator.start("web-1", settings=QUICK)
        testing = asyncio.Event()
        operation.subscribe(lambda event: testing.set() if _is_step(event, "testing") else None)
        await testing.wait()
        running.cancel()
        await asyncio.wait((running,))
        async with operator.at("web-1") as transport:
            await until(lambda: has_ended(transport, operation.id))
            found = await guard.inspect(transport, operation.id)
        assert found.outcome is guard.GuardOutcome.REVERTED
        assert found.why == "no sign of life from the operator for 3 s"
        assert await numbers(operator, "web-1") == (411, 411, {411})


async def test_a_colleague_at_work_locks_the_host(start: Start) -> None:
    async with start("build-1") as operator:
        async with operator.at("build-1") as transport:
            lock = (await read_facts(transport)).lock
        assert lock is not None and lock.operator == "ops-2@laptop-2"
        report = await operator.roll_back("build-1")
        assert report.outcome is Outcome.REFUSED
        assert f"locked by ops-2@laptop-2 with operation {lock.operation}" in (report.detail or "")


async def test_a_broken_lock_leaves_the_host_as_the_colleague_found_it(start: Start) -> None:
    async with start("build-1") as operator:
        hosts = [operator.hosts["build-1"]]
        operation = Operation("broken", plan_break_lock(hosts), break_lock_job(hosts, operator.reach, operator.name))
        report = await operation.run(Consent(Answer.YES_FLAG), operator.policy, operator.journal)
        assert report.outcome is Outcome.COMMITTED
        assert await numbers(operator, "build-1") == (100, 100, {100})
        async with operator.at("build-1") as transport:
            facts = await read_facts(transport)
        assert (facts.lock, facts.failed_units) == (None, ())
        active = await operator.run("build-1", "systemctl is-active buildkite-agent")
        assert active.stdout.strip() == "active"
        assert (await operator.roll_back("build-1")).outcome is Outcome.COMMITTED


async def test_two_operators_at_once_do_not_mix(start: Start) -> None:
    async with start("web-1") as operator:
        operation, first = await operator.start("web-1")
        armed = asyncio.Event()
        operation.subscribe(lambda event: armed.set() if _is_step(event, "armed") else None)
        await armed.wait()
        second = await operator.roll_back("web-1", "408")
        assert second.outcome is Outcome.REFUSED
        assert (await first).targets[0].outcome is Outcome.COMMITTED


@pytest.mark.parametrize("to", ["409", "408"])
async def test_every_generation_can_be_gone_to_and_left_again(start: Start, to: str) -> None:
    async with start("web-4") as operator:
        assert (await operator.roll_back("web-4", to)).outcome is Outcome.COMMITTED
        assert await numbers(operator, "web-4") == (int(to), int(to), {int(to)})
        assert (await operator.roll_back("web-4", "411")).outcome is Outcome.COMMITTED


def _is_step(event: object, name: str) -> bool:
    return isinstance(event, StepStarted) and event.step == name
