"""What is kept of a command's output, and which hosts said the same."""

from nixtui.operations.report import Outcome, TargetReport
from nixtui.upkeep.command import from_line
from nixtui.upkeep.output import LINE_OVERHEAD, Output, grouped


def report(name: str, *lines: str, code: int | None = 0, outcome: Outcome | None = None) -> TargetReport:
    outcome = outcome or (Outcome.COMMITTED if code == 0 else Outcome.FAILED)
    return TargetReport(name=name, outcome=outcome, exit_code=code, detail=f"exit {code}", log=lines)


def test_little_is_kept_as_it_is() -> None:
    output = Output()
    assert all(output.take(line) for line in ("one", "", "three"))
    assert output.lines == ("one", "", "three")


def test_of_a_flood_both_ends_are_kept_and_the_middle_is_counted() -> None:
    output = Output(1000)
    for number in range(10_000):
        output.take(str(number))
    assert output.lines[0] == "0" and output.lines[-1] == "9999"
    assert sum(len(line) + LINE_OVERHEAD for line in output.lines) < 1200
    (said,) = [line for line in output.lines if "dropped here" in line]
    assert f"{10_000 - len(output.lines) + 1:,} lines" in said


def test_floods_that_differ_only_in_what_was_dropped_are_not_the_same() -> None:
    first, second = Output(100), Output(100)
    for number in range(1000):
        first.take(str(number))
        second.take("else" if number == 500 else str(number))
    assert first.lines != second.lines


def test_equal_ends_are_put_together_what_failed_and_the_few_first() -> None:
    reports = [report("a", "x"), report("b", "x"), report("c", "y"), report("d", "x", code=1), report("e", "x")]
    reports.append(report("f", code=None, outcome=Outcome.UNREACHABLE))
    found = [(group.hosts, group.heading) for group in grouped(reports)]
    assert found == [
        (("d",), "1 host, exit 1"),
        (("f",), "1 host, unreachable"),
        (("c",), "1 host, exit 0"),
        (("a", "b", "e"), "3 hosts, exit 0"),
    ]


def test_sudo_before_a_typed_command_asks_for_root_but_its_options_are_sudos_own() -> None:
    assert (from_line("sudo id").text, from_line("sudo id").as_root) == ("id", True)
    assert from_line("sudo -u postgres psql").as_root is False
    assert from_line("  uptime ").text == "uptime"
