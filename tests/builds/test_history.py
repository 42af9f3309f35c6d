"""Past builds in the journal's own file, beside the journal and by several nixtui at once."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from nixtui.builds.history import KEPT, BuildHistory, HistoryUnavailable, PastBuild, finished
from nixtui.operations.journal import Journal
from tests.builds.recorded import grown, lines


def past(seconds: float, at: float, package: str = "linux", machine: str = "") -> PastBuild:
    return PastBuild(package, machine, at, seconds)


async def test_the_median_of_the_last_ten_counts(tmp_path: Path) -> None:
    history = BuildHistory(tmp_path)
    await history.record(past(1000.0, float(at)) for at in range(5))
    await history.record(past(float(at), 100.0 + at) for at in range(KEPT))
    assert await history.typical() == {("linux", ""): 4.5}


async def test_machines_and_packages_are_kept_apart(tmp_path: Path) -> None:
    history = BuildHistory(tmp_path)
    await history.record([past(1.0, 1.0), past(2.0, 1.0, machine="ssh://b"), past(3.0, 1.0, package="curl")])
    assert await BuildHistory(tmp_path).typical() == {
        ("linux", ""): 1.0,
        ("linux", "ssh://b"): 2.0,
        ("curl", ""): 3.0,
    }


@pytest.mark.parametrize("journal_first", [True, False])
async def test_it_shares_the_file_with_the_journal(tmp_path: Path, journal_first: bool) -> None:
    history = BuildHistory(tmp_path)
    if not journal_first:
        await history.record([past(1.0, 1.0)])
    async with Journal(tmp_path, operator="me", origin="here", token="one") as journal:
        await history.record([past(3.0, 2.0)])
        assert await journal.entries() == []
    async with Journal(tmp_path, operator="me", origin="here", token="two") as journal:
        assert await journal.cut_off() == []
    assert await history.typical() == {("linux", ""): 3.0 if journal_first else 2.0}
    assert (tmp_path / "journal.db").stat().st_mode & 0o777 == 0o600


async def test_many_write_at_once(tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(BuildHistory(tmp_path).record([past(1.0, 1.0, package=f"package-{number}")]))
    assert len(await BuildHistory(tmp_path).typical()) == 20


async def test_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    history = BuildHistory(tmp_path)
    await history.record([past(1.0, 1.0)])
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("UPDATE formats SET version = 99")
    with pytest.raises(HistoryUnavailable, match="newer nixtui"):
        await history.typical()


@pytest.mark.parametrize("spoil", ["a file", "garbage"])
async def test_what_cannot_be_used_is_one_error(tmp_path: Path, spoil: str) -> None:
    directory = tmp_path / "state"
    if spoil == "a file":
        directory.write_text("")
    else:
        directory.mkdir()
        (directory / "journal.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(HistoryUnavailable, match="cannot be used"):
        await BuildHistory(directory).typical()


async def test_a_build_tells_what_it_finished(tmp_path: Path) -> None:
    tree = grown(lines("2.34.8-failure"))
    builds = finished(tree.derivations.values(), clock_offset=1_000_000.0)
    assert len(builds) == 24
    history = BuildHistory(tmp_path)
    await history.record(builds)
    typical = await history.typical()
    assert set(typical) == {(each.package, "") for each in tree.derivations.values() if each.state.value == "built"}
    assert all(0 < seconds < 10 for seconds in typical.values())
