"""What the journal promises: what is done was written down first, and a crash hides nothing."""

# ruff: noqa: ASYNC221, ASYNC240 - what a test prepares may block it

import asyncio
import sqlite3
import subprocess
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from nixtui.operations import journal as journal_module
from nixtui.operations.events import AnyEvent, Countdown, LogLine, Note, StepFinished, StepStarted, TargetFinished
from nixtui.operations.journal import Journal, JournalUnavailable
from nixtui.operations.report import Outcome, TargetReport
from tests.operations.another_nixtui import LINES
from tests.operations.conftest import Spawn, open_journal
from tests.operations.full_disk import Disk, may_mount
from tests.operations.samples import PLAN, intent, log_line, report


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 - nothing tells when an event is written
            await asyncio.sleep(0.005)


def in_sqlite(directory: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(directory / "journal.db")) as database, database:
        database.execute(statement, values)


# What was begun


async def test_what_was_begun_is_recorded_before_it_is_done(journal: Journal) -> None:
    await journal.begin(intent("op", reason="it pages"))
    (entry,) = await journal.entries()
    assert (entry.operation, entry.kind, entry.title) == ("op", "rollback", "Roll back 2 hosts")
    assert (entry.operator, entry.origin, entry.reason) == ("anna", "laptop", "it pages")
    assert entry.plan == PLAN
    assert entry.started_at == 1000.0
    assert (entry.finished_at, entry.report, entry.outcome) == (None, None, None)


async def test_what_ended_is_recorded_with_its_report(journal: Journal) -> None:
    await journal.begin(intent("op"))
    await journal.finish(report("op", Outcome.REVERTED), 1060.0)
    (entry,) = await journal.entries()
    assert entry.finished_at == 1060.0
    assert entry.report == report("op", Outcome.REVERTED)
    assert entry.outcome is Outcome.REVERTED


async def test_the_same_operation_is_not_begun_twice(journal: Journal) -> None:
    await journal.begin(intent("op"))
    with pytest.raises(JournalUnavailable):
        await journal.begin(intent("op"))


async def test_entries_come_newest_first_as_many_as_asked_for(journal: Journal) -> None:
    for number in range(5):
        await journal.begin(intent(f"op{number}", at=float(number)))
    assert [entry.operation for entry in await journal.entries(since=1.0, limit=3)] == ["op4", "op3", "op2"]
    assert [entry.operation for entry in await journal.entries(since=3.0)] == ["op4", "op3"]


async def test_an_entry_is_found_by_a_beginning_of_its_id_that_no_other_has(journal: Journal) -> None:
    for operation in ("abc1", "abd2", "a%_3"):
        await journal.begin(intent(operation))
    found = [await journal.entry(prefix) for prefix in ("abc", "abc1", "ab", "x", "a%", "%", "_")]
    assert [entry and entry.operation for entry in found] == ["abc1", "abc1", None, None, "a%_3", None, None]


async def test_only_its_owner_may_read_the_journal(journal: Journal, state: Path) -> None:
    await journal.begin(intent())
    assert state.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in state.glob("journal.db*")} == {0}


# Events


async def test_events_are_kept_in_order_and_complete(journal: Journal) -> None:
    told: dict[str, list[AnyEvent]] = {"one": [], "two": []}
    for operation in told:
        await journal.begin(intent(operation))
    for number in range(3000):
        operation = "one" if number % 3 else "two"
        told[operation].append(log_line(number))
        journal.append(operation, log_line(number))
        if number % 100 == 0:
            await asyncio.sleep(0)
    for operation, events in told.items():
        await journal.finish(report(operation), 2000.0)
        assert await journal.events(operation) == events


async def test_every_kind_of_event_comes_back_as_it_was(journal: Journal) -> None:
    events: list[AnyEvent] = [
        StepStarted(at=1.0, target="web-1", step="armed"),
        Countdown(at=2.0, target="web-1", until=92.0, boot_id="b"),
        StepFinished(at=3.0, target="web-1", step="armed", ok=True, seconds=2.0),
        Note(at=4.0, text="größer – und länger"),
        TargetFinished(at=5.0, target="web-1", report=TargetReport(name="web-1", outcome=Outcome.FAILED, exit_code=4)),
    ]
    await journal.begin(intent())
    for event in events:
        journal.append("op", event)
    await journal.finish(report(), 6.0)
    assert await journal.events("op") == events


async def test_what_is_told_while_the_disk_is_slow_is_written_without_being_asked_for(
    journal: Journal, state: Path
) -> None:
    await journal.begin(intent())
    with closing(sqlite3.connect(state / "journal.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in range(20):
            journal.append("op", log_line(number))
            await asyncio.sleep(0.005)
        other.execute("ROLLBACK")

    async def all_are_there() -> bool:
        return len(await journal.events("op")) == 20

    await until(all_are_there)


async def test_a_flood_of_output_is_bounded_and_what_decides_is_kept(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "MAX_OUTPUT", 100)
    await journal.begin(intent())
    for number in range(1000):
        journal.append("op", log_line(number))
    end = StepFinished(at=3000.0, target="web-1", step="testing", ok=False, seconds=9.0)
    journal.append("op", end)
    journal.append("op", log_line(1000))
    journal.append("op", Countdown(at=3001.0, target="web-1", until=None))
    await journal.finish(report(), 4000.0)
    events = await journal.events("op")
    assert events[:100] == [log_line(number) for number in range(100)]
    assert events[100:] == [
        Note(at=1100.0, text="more was told than is recorded here"),
        end,
        Countdown(at=3001.0, target="web-1", until=None),
    ]


async def test_what_was_told_is_written_when_nixtui_leaves_in_the_middle(state: Path) -> None:
    async with open_journal(state) as journal:
        await journal.begin(intent())
        journal.append("op", log_line(1))
    async with open_journal(state, "next") as journal:
        assert await journal.events("op") == [log_line(1)]
        assert [entry.operation for entry in await journal.cut_off()] == ["op"]


async def test_events_of_a_newer_nixtui_are_left_out(journal: Journal, state: Path) -> None:
    await journal.begin(intent())
    journal.append("op", log_line(1))
    await journal.finish(report(), 2000.0)
    newer = [b'{"type":"Teleported","at":1.5}', b'{"type":"LogLine","at":3.0,"text":"next","colour":"red"}']
    for number, event in enumerate(newer, 2):
        in_sqlite(state, "INSERT INTO events VALUES ('op', ?, ?)", number, event)
    assert await journal.events("op") == [log_line(1), LogLine(at=3.0, text="next")]


# Crashes


async def test_a_crash_leaves_what_was_begun_and_told(spawn: Spawn, state: Path) -> None:
    crashing = await spawn("begin", "op")
    assert crashing.stdout is not None
    assert await crashing.stdout.readline() == b"begun\n"
    async with open_journal(state) as journal:
        assert await journal.cut_off() == []  # it lives
        crashing.kill()
        await crashing.wait()
        (entry,) = await journal.cut_off()
        assert (entry.operation, entry.reason, entry.plan) == ("op", "it pages", PLAN)
        assert await journal.events("op") == [log_line(1), log_line(2)]


async def test_what_ended_and_what_is_our_own_is_not_cut_off(journal: Journal, state: Path) -> None:
    async with open_journal(state, "before") as before:
        await before.begin(intent("ended"))
        await before.finish(report("ended"), 2000.0)
    await journal.begin(intent("running"))
    assert await journal.cut_off() == []


async def test_one_of_two_may_adopt_what_was_cut_off(state: Path) -> None:
    async with open_journal(state, "gone") as gone:
        await gone.begin(intent())
    async with open_journal(state, "one") as one, open_journal(state, "two") as two:
        (entry,) = await one.cut_off()
        assert await two.cut_off() == [entry]
        adopted = await asyncio.gather(one.adopt(entry), two.adopt(entry))
        assert sorted(adopted) == [False, True]
        # It is the adopter's now, who lives.
        assert await one.cut_off() == await two.cut_off() == []
        adopter = one if adopted[0] else two
        await adopter.finish(report(outcome=Outcome.REVERTED), 3000.0)
        assert [each.outcome for each in await two.entries()] == [Outcome.REVERTED]


async def test_what_an_adopter_left_open_is_cut_off_again(state: Path) -> None:
    async with open_journal(state, "gone") as gone:
        await gone.begin(intent("op1"))
        await gone.begin(intent("op2"))
    async with open_journal(state, "adopter") as adopter:
        first, second = await adopter.cut_off()
        assert await adopter.adopt(first)
        assert await adopter.cut_off() == [second]
    async with open_journal(state, "next") as journal:
        assert [entry.operation for entry in await journal.cut_off()] == ["op1", "op2"]


async def test_nobody_adopts_from_the_living(journal: Journal, state: Path) -> None:
    await journal.begin(intent())
    (running,) = await journal.entries()
    async with open_journal(state, "other") as other:
        assert not await other.adopt(running)
        assert not await journal.adopt(running)
        assert await other.cut_off() == []


async def test_those_who_look_do_not_take_each_other_for_the_living(spawn: Spawn, state: Path) -> None:
    crashing = await spawn("begin", "op")
    assert crashing.stdout is not None
    await crashing.stdout.readline()
    crashing.kill()
    await crashing.wait()

    async def look(token: str) -> set[int]:
        async with open_journal(state, token) as journal:
            return {len(await journal.cut_off()) for _ in range(300)}

    assert await asyncio.gather(*(look(f"looker{number}") for number in range(4))) == [{1}] * 4


async def test_several_nixtui_may_make_the_journal_at_once(tmp_path: Path) -> None:
    async def first(directory: Path, token: str) -> None:
        async with open_journal(directory, token) as journal:
            await journal.begin(intent(token))

    for attempt in range(50):
        await asyncio.gather(*(first(tmp_path / f"state{attempt}", f"token{number}") for number in range(6)))


async def test_several_nixtui_share_one_journal(spawn: Spawn, state: Path) -> None:
    names, count = ["one", "two", "three", "four"], 10
    processes = [await spawn("work", name, str(count)) for name in names]
    for process in processes:
        assert process.stdout is not None
        await process.stdout.readline()
    outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0] * len(names), outputs
    async with open_journal(state) as journal:
        entries = await journal.entries()
        assert {entry.operation for entry in entries} == {f"{name}-{n}" for name in names for n in range(count)}
        assert {entry.outcome for entry in entries} == {Outcome.COMMITTED}
        for entry in entries:
            assert await journal.events(entry.operation) == [log_line(number) for number in range(LINES)]


# A journal that cannot be used


async def refusal_to_open(directory: Path) -> str:
    with pytest.raises(JournalUnavailable) as caught:
        async with open_journal(directory):
            pytest.fail("it was opened")
    return str(caught.value)


async def test_a_journal_of_a_newer_nixtui_is_left_alone(state: Path) -> None:
    async with open_journal(state) as journal:
        await journal.begin(intent())
    in_sqlite(state, "PRAGMA user_version = 2")
    refusal = await refusal_to_open(state)
    assert "written by a newer nixtui (format 2, this one knows 1)" in refusal
    assert "use that one" in refusal


async def test_a_file_that_is_no_journal_is_left_alone(state: Path) -> None:
    state.mkdir()
    path = state / "journal.db"
    path.write_bytes(b"not a database " * 1000)
    refusal = await refusal_to_open(state)
    assert str(state) in refusal
    assert "move the file away" in refusal
    assert path.read_bytes() == b"not a database " * 1000


async def test_a_record_that_is_damaged_is_said_to_be(journal: Journal, state: Path) -> None:
    await journal.begin(intent())
    in_sqlite(state, "UPDATE operations SET plan = '{'")
    with pytest.raises(JournalUnavailable, match=str(state)):
        await journal.entries()


async def test_what_cannot_be_written_as_text_is_not_begun(journal: Journal) -> None:
    with pytest.raises(JournalUnavailable):
        await journal.begin(intent(reason="\udcff"))  # a byte of a command line that is no UTF-8
    assert await journal.entries() == []


async def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert str(tmp_path / "file" / "state") in await refusal_to_open(tmp_path / "file" / "state")


@pytest.mark.skipif(not may_mount(), reason="a read-only directory, for root too, needs the right to mount")
async def test_a_directory_that_cannot_be_written_is_named(state: Path) -> None:
    state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", state], check=True)
    try:
        assert f"the journal in {state} cannot be used" in await refusal_to_open(state)
    finally:
        subprocess.run(["umount", state], check=True)


async def test_a_journal_that_was_not_opened_leaves_nothing_running(state: Path) -> None:
    state.write_text("in the way")
    await refusal_to_open(state)

    async def no_thread_is_left() -> bool:
        return not any(thread.name.startswith("journal") for thread in threading.enumerate())

    await until(no_thread_is_left)


async def test_nothing_is_begun_that_finds_no_room(disk: Disk) -> None:
    async with open_journal(disk.directory) as journal:
        await journal.begin(intent("before"))
        disk.fill()
        with pytest.raises(JournalUnavailable, match="free the disk"):
            await fill_up(journal)
        disk.free()
        await journal.begin(intent("after"))
        assert "after" in {entry.operation for entry in await journal.entries()}


async def fill_up(journal: Journal) -> None:
    """The file has some room inside; a few records use that up."""
    for number in range(100):
        await journal.begin(intent(f"room{number}"))


async def test_events_that_find_no_room_wait_for_it(disk: Disk) -> None:
    async with open_journal(disk.directory) as journal:
        await journal.begin(intent())
        disk.fill()
        for number in range(200):
            journal.append("op", log_line(number))
            await asyncio.sleep(0)
        disk.free()
        await journal.finish(report(), 2000.0)
        assert await journal.events("op") == [log_line(number) for number in range(200)]


async def test_an_end_that_finds_no_room_leaves_the_record_open(disk: Disk) -> None:
    async with open_journal(disk.directory, "full") as journal:
        await journal.begin(intent())
        disk.fill()
        for number in range(200):
            journal.append("op", log_line(number))
        with pytest.raises(JournalUnavailable, match="free the disk"):
            await journal.finish(report(), 2000.0)
        # It was told once; leaving tells nothing again.
    disk.free()
    async with open_journal(disk.directory) as journal:
        assert [entry.operation for entry in await journal.cut_off()] == ["op"]
