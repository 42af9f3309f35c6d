"""An operation is begun only with consent and a record, is watched by many, can be stopped, and ends in one report."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from nixtui.model.environment import Environment
from nixtui.operations.events import AnyEvent, LogLine, Note, OperationFinished, StepStarted, WentOn, of_last_plan
from nixtui.operations.journal import Journal, JournalUnavailable
from nixtui.operations.operation import REMEMBERED_LINES, Cancelled, Job, Operation, Prepared, Run
from nixtui.operations.policy import Answer, Consent, Policy, Refused
from nixtui.operations.report import Outcome, Report
from tests.operations.conftest import Spawn, open_journal
from tests.operations.full_disk import Disk
from tests.operations.samples import PLAN, intent, log_line, report

pytestmark = pytest.mark.timeout(30)

YES = Consent(Answer.KEY)
ANYTHING = Policy(environments={"prod": Environment(name="prod", match="all")})
FROZEN = Policy(environments={"prod": Environment(name="prod", match="all", read_only=True)})


async def well(run: Run) -> Report:
    """A job that does its work and tells one line."""
    run.tell(log_line(1))
    return report(run.operation)


def operation(job: Job = well, clock: Callable[[], float] = lambda: 1000.0) -> Operation:
    return Operation("op", PLAN, job, clock=clock)


class Ticking:
    """Time that goes on by a second whenever somebody looks."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        self.at += 1.0
        return self.at


# Going on


BUILD = msgspec.structs.replace(PLAN, kind="build", title="build 2 systems", read_only=True)


def built(clock: Callable[[], float] = lambda: 1000.0) -> Operation:
    return Operation("op", BUILD, well, clock=clock)


async def test_what_led_to_a_plan_and_the_plan_are_one_record(journal: Journal) -> None:
    first = built()
    await first.run(None, ANYTHING, journal)
    (entry,) = await journal.entries()
    assert (entry.kind, entry.outcome) == ("build", Outcome.COMMITTED), "nobody has agreed to more yet"
    went_on = Prepared("op", PLAN, well, follows=first).begin(lambda: 1060.0)
    heard: list[AnyEvent] = []
    went_on.subscribe(heard.append)
    await went_on.run(Consent(Answer.KEY, reason="it pages"), ANYTHING, journal)
    (entry,) = await journal.entries()
    assert (entry.kind, entry.reason, entry.plan) == ("rollback", "it pages", PLAN)
    assert (entry.started_at, entry.finished_at) == (1000.0, 1060.0)
    divided = WentOn(at=1060.0, before=BUILD, report=report())
    assert await journal.events("op") == [log_line(1), divided, log_line(1)]
    assert heard == [divided, log_line(1), OperationFinished(at=1060.0, report=report())]
    assert list(went_on.events)[-3:] == heard
    assert of_last_plan(went_on.events) == heard[1:]


async def test_one_that_goes_on_is_open_again_from_before_it_does_anything(journal: Journal) -> None:
    first = built()
    await first.run(None, ANYTHING, journal)
    seen: list[tuple[str, object, int]] = []

    async def look(run: Run) -> Report:
        (entry,) = await journal.entries()
        told = of_last_plan(await journal.events("op"))
        seen.append((entry.kind, entry.outcome, len(told)))
        return report(run.operation)

    await Prepared("op", PLAN, look, follows=first).begin().run(YES, ANYTHING, journal)
    assert seen == [("rollback", None, 0)], "a crash here is one of the plan, and no target has told anything of it"


async def test_a_refused_plan_ends_the_record_that_led_to_it(journal: Journal) -> None:
    first = built()
    await first.run(None, ANYTHING, journal)
    with pytest.raises(Refused):
        await Prepared("op", PLAN, well, follows=first).begin().run(YES, FROZEN, journal)
    (entry,) = await journal.entries()
    assert (entry.kind, entry.outcome) == ("rollback", Outcome.REFUSED)


async def test_without_room_for_the_record_it_does_not_go_on(disk: Disk) -> None:
    begun: list[Run] = []

    async def job(run: Run) -> Report:
        begun.append(run)
        return report(run.operation)

    async with open_journal(disk.directory) as journal:
        first = built()
        await first.run(None, ANYTHING, journal)
        disk.fill()
        large = msgspec.structs.replace(PLAN, title="x" * 500_000)  # the file has some room inside
        with pytest.raises(JournalUnavailable, match="cannot be used"):
            await Prepared("op", large, job, follows=first).begin().run(YES, ANYTHING, journal)
        disk.free()
        (entry,) = await journal.entries()
        assert (begun, entry.kind, entry.outcome) == ([], "build", Outcome.COMMITTED)
        await journal.begin(intent("other"))


async def test_what_has_not_ended_is_not_gone_on_with(journal: Journal) -> None:
    await journal.begin(intent("op"))
    with pytest.raises(JournalUnavailable, match="no operation op that has ended"):
        await journal.go_on(intent("op"), WentOn(at=1.0, before=BUILD, report=None))


# From plan to report


async def test_the_report_is_the_jobs_and_in_the_journal(journal: Journal) -> None:
    doing = operation(clock=Ticking(1000.0))
    assert await doing.run(Consent(Answer.KEY, reason="it pages"), ANYTHING, journal) == report()
    assert doing.report == report()
    (entry,) = await journal.entries()
    assert entry.report == report()
    assert entry.reason == "it pages"
    assert entry.finished_at is not None
    assert entry.started_at < entry.finished_at
    assert await journal.events("op") == [log_line(1)]


async def test_when_the_job_begins_the_intent_is_on_record(journal: Journal) -> None:
    found = []

    async def looks(run: Run) -> Report:
        found.extend(await journal.entries())
        return report()

    await operation(looks).run(YES, ANYTHING, journal)
    assert [(entry.operation, entry.report) for entry in found] == [("op", None)]


async def test_it_runs_between_consent_and_report(journal: Journal) -> None:
    running = []

    async def looks(run: Run) -> Report:
        running.append(doing.is_running)
        return report()

    doing = operation(looks)
    assert not doing.is_running
    await doing.run(YES, ANYTHING, journal)
    assert running == [True]
    assert not doing.is_running


async def test_a_job_that_breaks_ends_as_unknown_on_every_target(journal: Journal) -> None:
    async def breaks(run: Run) -> Report:
        run.tell(StepStarted(at=1.0, target="web-1", step="testing"))
        raise ZeroDivisionError("nobody foresaw this")

    ended = await operation(breaks).run(YES, ANYTHING, journal)
    assert ended.outcome is Outcome.UNKNOWN
    assert [(each.name, each.outcome) for each in ended.targets] == [
        ("web-1", Outcome.UNKNOWN),
        ("web-2", Outcome.UNKNOWN),
    ]
    assert ended.targets[0].detail == "nixtui failed in the middle: ZeroDivisionError: nobody foresaw this"
    (entry,) = await journal.entries()
    assert entry.report == ended
    assert LogLine(at=1000.0, text="ZeroDivisionError: nobody foresaw this") in await journal.events("op")


async def test_one_that_is_torn_down_stays_open_for_the_next_start(journal: Journal) -> None:
    began = asyncio.Event()

    async def hangs(run: Run) -> Report:
        run.tell(log_line(1))
        began.set()
        await asyncio.Event().wait()
        raise AssertionError("it was not torn down")

    task = asyncio.create_task(operation(hangs).run(YES, ANYTHING, journal))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (entry,) = await journal.entries()
    assert (entry.finished_at, entry.report) == (None, None)


# What is not begun


async def never(run: Run) -> Report:
    raise AssertionError("it was begun")


async def test_what_policy_refuses_is_not_begun_but_recorded(journal: Journal) -> None:
    doing = operation(never)
    with pytest.raises(Refused, match="prod is read-only"):
        await doing.run(YES, FROZEN, journal)
    (entry,) = await journal.entries()
    assert entry.outcome is Outcome.REFUSED
    assert entry.report is not None
    assert {each.detail for each in entry.report.targets} == {
        "environment prod is read-only; start without --read-only, or change the environment in nixtui.toml"
    }
    assert entry.finished_at is not None
    assert doing.started_at is None
    assert not doing.is_running


async def test_without_consent_nothing_is_begun(journal: Journal) -> None:
    with pytest.raises(Refused, match="not confirmed"):
        await operation(never).run(None, ANYTHING, journal)


async def test_what_cannot_be_recorded_is_not_begun(disk: Disk) -> None:
    async with open_journal(disk.directory) as journal:
        disk.fill()
        for number in range(100):  # the file has some room inside; this uses that up
            doing = Operation(f"op{number}", PLAN, well)
            try:
                await doing.run(YES, ANYTHING, journal)
            except JournalUnavailable:
                break
        assert doing.started_at is None
        doing = operation(never)
        with pytest.raises(JournalUnavailable):
            await doing.run(YES, ANYTHING, journal)
        assert doing.started_at is None
        disk.free()


async def test_a_refusal_that_cannot_be_recorded_is_a_refusal_still(disk: Disk) -> None:
    async with open_journal(disk.directory) as journal:
        disk.fill()
        for number in range(100):
            with pytest.raises(Refused) as caught:
                await Operation(f"op{number}", PLAN, never).run(None, ANYTHING, journal)
            if hasattr(caught.value, "__notes__"):
                break
        assert any("cannot be used" in note for note in caught.value.__notes__)
        disk.free()


# A journal that fails on the way


async def test_the_report_survives_a_journal_that_fails_at_the_end(disk: Disk) -> None:
    async def floods(run: Run) -> Report:
        disk.fill()
        for number in range(200):
            run.tell(log_line(number))
        return report()

    async with open_journal(disk.directory) as journal:
        doing = operation(floods)
        assert await doing.run(YES, ANYTHING, journal) == report()
        told, last = list(doing.events)[-2:]
        assert isinstance(told, Note)
        assert "cannot be used" in told.text
        assert last == OperationFinished(at=1000.0, report=report())
    disk.free()
    async with open_journal(disk.directory, "next") as journal:
        assert [entry.operation for entry in await journal.cut_off()] == ["op"]


async def test_a_crash_in_the_middle_of_a_job_is_found_by_the_next(spawn: Spawn, journal: Journal) -> None:
    crashing = await spawn("run", "op")
    assert crashing.stdout is not None
    assert await crashing.stdout.readline() == b"begun\n"
    crashing.kill()
    await crashing.wait()
    (entry,) = await journal.cut_off()
    assert (entry.operation, entry.plan, entry.report) == ("op", PLAN, None)


# Watching


async def test_everybody_who_subscribed_hears_everything_in_order(journal: Journal) -> None:
    async def tells(run: Run) -> Report:
        for number in range(3):
            run.tell(log_line(number))
        return report()

    doing = operation(tells)
    heard: tuple[list[AnyEvent], list[AnyEvent]] = ([], [])
    for each in heard:
        doing.subscribe(each.append)
    await doing.run(YES, ANYTHING, journal)
    expected = [log_line(0), log_line(1), log_line(2), OperationFinished(at=1000.0, report=report())]
    assert heard == (expected, expected)
    assert list(doing.events) == expected


async def test_one_who_left_hears_no_more(journal: Journal) -> None:
    heard: list[AnyEvent] = []

    async def tells(run: Run) -> Report:
        run.tell(log_line(1))
        leave()
        leave()  # twice does no harm
        run.tell(log_line(2))
        return report()

    doing = operation(tells)
    leave = doing.subscribe(heard.append)
    await doing.run(YES, ANYTHING, journal)
    assert heard == [log_line(1)]


async def test_a_watcher_that_breaks_breaks_nothing_else(journal: Journal) -> None:
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, problem: problems.append(problem))
    heard: list[AnyEvent] = []

    def breaks(event: AnyEvent) -> None:
        raise LookupError("no such pane")

    async def tells(run: Run) -> Report:
        run.tell(log_line(1))
        run.tell(log_line(2))
        return report()

    doing = operation(tells)
    leave = doing.subscribe(breaks)
    doing.subscribe(heard.append)
    assert await doing.run(YES, ANYTHING, journal) == report()
    leave()
    assert heard[:2] == await journal.events("op") == [log_line(1), log_line(2)]
    assert [type(each["exception"]) for each in problems] == [LookupError]


async def test_those_who_come_late_find_the_last_events(journal: Journal) -> None:
    async def floods(run: Run) -> Report:
        for number in range(REMEMBERED_LINES + 10):
            run.tell(log_line(number))
        return report()

    doing = operation(floods)
    await doing.run(YES, ANYTHING, journal)
    assert len(doing.events) == REMEMBERED_LINES
    assert doing.events[0] == log_line(11)  # the end of the operation is one more
    assert len(await journal.events("op")) == REMEMBERED_LINES + 10


# Stopping


class Patient:
    """Work that ends when it is let go, and notes how it ended."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()
        self.ended = ""

    async def work(self) -> str:
        self.begun.set()
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise
        self.ended = "done"
        return self.ended


def started(job: Job, journal: Journal) -> tuple[Operation, asyncio.Task[Report]]:
    doing = operation(job)
    return doing, asyncio.create_task(doing.run(YES, ANYTHING, journal))


def job_of(work: Callable[[Run], Awaitable[str]]) -> Job:
    """A job that does `work` and reports whether it was stopped."""

    async def job(run: Run) -> Report:
        try:
            await work(run)
        except Cancelled:
            return report(outcome=Outcome.REVERTED)
        return report()

    return job


async def test_one_who_asks_to_stop_gets_a_report(journal: Journal) -> None:
    patient = Patient()
    doing, task = started(job_of(lambda run: run.unless_cancelled(patient.work())), journal)
    await patient.begun.wait()
    assert not doing.is_cancelling
    doing.cancel()
    assert doing.is_cancelling
    assert (await task).outcome is Outcome.REVERTED
    assert patient.ended == "cancelled"
    (entry,) = await journal.entries()
    assert entry.outcome is Outcome.REVERTED


async def test_without_anybody_asking_work_gives_its_result(journal: Journal) -> None:
    patient = Patient()
    results = []

    async def work(run: Run) -> str:
        results.append(await run.unless_cancelled(patient.work()))
        return results[0]

    _, task = started(job_of(work), journal)
    await patient.begun.wait()
    patient.let_go.set()
    assert (await task).outcome is Outcome.COMMITTED
    assert results == ["done"]


async def test_what_work_raises_is_raised(journal: Journal) -> None:
    async def fails() -> str:
        raise KeyError("web-9")

    caught = []

    async def work(run: Run) -> str:
        with pytest.raises(KeyError) as error:
            await run.unless_cancelled(fails())
        caught.append(error.value)
        return ""

    _, task = started(job_of(work), journal)
    assert (await task).outcome is Outcome.COMMITTED
    assert str(caught[0]) == "'web-9'"


async def test_work_that_must_not_be_left_alone_is_stopped_only_once_it_may(journal: Journal) -> None:
    patient, may = Patient(), asyncio.Event()
    doing, task = started(job_of(lambda run: run.unless_cancelled(patient.work(), once=may)), journal)
    await patient.begun.wait()
    doing.cancel()
    for _ in range(10):  # every chance to stop too early
        await asyncio.sleep(0)
    assert patient.ended == ""
    may.set()
    assert (await task).outcome is Outcome.REVERTED
    assert patient.ended == "cancelled"


async def test_work_that_ends_before_it_may_be_stopped_gives_its_result(journal: Journal) -> None:
    patient = Patient()
    doing, task = started(job_of(lambda run: run.unless_cancelled(patient.work(), once=asyncio.Event())), journal)
    await patient.begun.wait()
    doing.cancel()
    patient.let_go.set()
    assert (await task).outcome is Outcome.COMMITTED


async def test_what_is_done_in_the_moment_somebody_asks_to_stop_is_done(journal: Journal) -> None:
    async def last_step() -> str:
        doing.cancel()
        return "done"

    doing, task = started(job_of(lambda run: run.unless_cancelled(last_step())), journal)
    assert (await task).outcome is Outcome.COMMITTED


async def test_stopping_waits_until_work_has_put_things_in_order(journal: Journal) -> None:
    begun, tidied = asyncio.Event(), []

    async def tidy() -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            tidied.append(True)
        return ""

    async def work(run: Run) -> str:
        try:
            return await run.unless_cancelled(tidy())
        except Cancelled:
            assert tidied
            raise

    doing, task = started(job_of(work), journal)
    await begun.wait()
    doing.cancel()
    assert (await task).outcome is Outcome.REVERTED


async def test_work_does_not_outlive_a_job_that_is_torn_down(journal: Journal) -> None:
    patient = Patient()
    _, task = started(job_of(lambda run: run.unless_cancelled(patient.work())), journal)
    await patient.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert patient.ended == "cancelled"


async def test_the_record_that_a_finished_operation_left_is_not_reopened(journal: Journal) -> None:
    await operation().run(YES, ANYTHING, journal)
    with pytest.raises(JournalUnavailable):
        await journal.begin(intent())
    (entry,) = await journal.entries()
    assert entry.report == report()
