"""Logs: bounded in memory, whole in files, and never in the way of the build."""

from pathlib import Path

from nixtui.builds.log import KEPT_LINES, MAX_LINE, BuildLogs
from tests.builds.events import drv
from tests.builds.recorded import grown, lines


def test_memory_keeps_the_last_lines_and_the_file_all(tmp_path: Path) -> None:
    log = BuildLogs(tmp_path / "logs").of(drv("a"))
    for number in range(5000):
        log.append(f"line {number}")
    assert log.count == 5000
    assert len(log.tail) == KEPT_LINES
    assert log.last(2) == ["line 4998", "line 4999"]
    assert list(log.lines()) == [f"line {number}" for number in range(5000)]
    assert log.path == tmp_path / "logs" / f"{'0' * 32}-a.log"


def test_what_steers_a_terminal_is_neither_shown_nor_written(tmp_path: Path) -> None:
    logs = BuildLogs(tmp_path)
    log = logs.of(drv("a"))
    log.append("\x1b[31mred\x1b[0m\x07")
    log.append("10%\r20%\r30%")
    log.append("two\nlines \ud800")
    log.append("x" * 10**6)
    assert log.last(4)[:2] == ["red", "30%"]
    assert len(log.last(1)[0]) == MAX_LINE
    assert b"\x1b" not in b"".join(line.encode(errors="replace") for line in log.lines())


def test_all_logs_together_are_bounded_and_the_oldest_give_way_first(tmp_path: Path) -> None:
    logs = BuildLogs(tmp_path, max_kept=100_000)
    kept = [logs.of(drv(f"a{number}")) for number in range(100)]
    for log in kept:
        for number in range(100):
            log.append(f"line {number}")
    assert sum(len(log.tail) for log in kept) < 100_000 / 60
    assert not kept[0].tail
    assert kept[0].last(2) == ["line 98", "line 99"]  # from its file
    assert kept[-1].tail


def test_without_a_directory_there_is_only_memory() -> None:
    log = BuildLogs().of(drv("a"))
    log.append("line")
    assert log.path is None
    assert list(log.lines()) == ["line"]


def test_a_directory_that_cannot_be_written_to_is_given_up_with_a_word() -> None:
    logs = BuildLogs(Path("/dev/full/logs"))
    log = logs.of(drv("a"))
    log.append("line")
    logs.flush()
    assert logs.trouble is not None
    assert "no longer kept" in logs.trouble
    log.append("more")
    assert log.last(2) == ["line", "more"]


def test_a_name_that_is_no_store_path_gets_no_file(tmp_path: Path) -> None:
    logs = BuildLogs(tmp_path / "logs")
    log = logs.of("/nix/store/../../etc/passwd")
    log.append("line")
    logs.flush()
    assert not (tmp_path / "logs").exists()


def test_every_line_of_a_recorded_build_is_in_the_files(tmp_path: Path) -> None:
    tree = grown(lines("2.34.8-success"), logs=BuildLogs(tmp_path))
    assert len(list(tmp_path.iterdir())) == sum(1 for each in tree.derivations.values() if each.log.count)
    for each in tree.derivations.values():
        assert len(list(each.log.lines())) == each.log.count
