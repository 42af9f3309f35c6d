"""What is written where there is no terminal: little when all goes well, everything when it does not."""

from nixtui.builds.plain_text import STILL_AT_IT_S, PlainText, closing_lines
from nixtui.builds.tree import BuildTree
from nixtui.nix.internal_json import Event, Message, parse
from tests.builds.events import build, counted, drv, failed, line, phase, stop, worker
from tests.builds.recorded import grown, lines


class Ci:
    """A renderer with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.lines: list[str] = []
        self.tree = BuildTree()
        self.text = PlainText(self.tree, self.lines.append, lambda: self.now)

    def take(self, *events: Event) -> None:
        for event in events:
            self.tree.apply(event, self.now)
            self.text.take(event)


def test_a_build_that_goes_well_says_when_each_is_done() -> None:
    ci = Ci()
    ci.take(Message("these 2 derivations will be built:"), Message(f"  {drv('a')}"), Message(f"  {drv('b')}"))
    ci.take(worker(), build(2, "a"), line(2, "noise"))
    ci.now += 3
    ci.take(counted(1), stop(2), build(3, "b", "ssh://b1"))
    ci.now += 65
    ci.take(counted(2), stop(3))
    ci.tree.finish(0, ci.now)
    ci.text.end()
    assert ci.lines == [
        "[  0.0s] 2 derivations to build",
        "[  3.0s] a built in 3.0s",
        "[ 1m08s] 1 of 2 built; building b 1m05s",
        "[ 1m08s] b built on ssh://b1 in 1m05s",
        "succeeded: 2 built in 1m08s",
    ]


def test_a_long_silence_is_broken() -> None:
    ci = Ci()
    ci.take(worker(), build(2, "linux"))
    said = len(ci.lines)
    ci.now += STILL_AT_IT_S - 1
    ci.text.tick()
    assert len(ci.lines) == said
    ci.now += 1
    ci.text.tick()
    ci.text.tick()
    assert ci.lines[said:] == ["[   30s] 0 of 1 built; building linux 30s"]


def test_a_failed_build_ends_with_its_log_and_the_list_of_what_failed() -> None:
    ci = Ci()
    ci.take(worker(), build(2, "a"), phase(2, "buildPhase"), *(line(2, f"line {number}") for number in range(100)))
    ci.take(counted(0, 1), stop(2), failed("a", "failed with exit code 2"))
    ci.tree.finish(1, ci.now)
    ci.text.end()
    end = ci.lines[ci.lines.index("a, last 25 of 100 lines:") :]
    assert end[1] == "  line 75"
    assert end[25:] == ["  line 99", "", "1 failed:", "  a: exit code 2 in buildPhase", "failed: 1 failed in 0.0s"]


def test_a_hash_mismatch_shows_the_hash_to_copy() -> None:
    said = closing_lines(grown(lines("2.34.8-mismatch-keep-going")), timed=False)
    assert "    got       sha256-4ljSSP2pTGN1Ngf3xElO4Py+kvGna/2seVydhBAesxc=" in said
    assert said[-1] == "failed: 1 built, 2 failed, 3 not built for a failed dependency"


def test_an_evaluation_error_is_shown_whole() -> None:
    said = "\n".join(closing_lines(grown(lines("2.34.8-eval-error"))))
    assert "error: The option services.nginx.enabl does not exist." in said
    assert "at /srv/fleet/graph.nix:6:13" in said
    assert "\x1b" not in said


def test_a_recorded_failure_is_told_in_full() -> None:
    ci = Ci()
    for recorded in lines("2.8.0-failure-keep-going"):
        ci.take(parse(recorded))
        ci.now += 0.001
    ci.tree.finish(1, ci.now)
    ci.text.end()
    text = "\n".join(ci.lines)
    assert text.count(" built in ") == 59
    assert "  make: *** [Makefile:17: build/main.o] Error 1" in text
    assert ci.lines[-1].startswith("failed: 59 built, 1 failed, 3 not built for a failed dependency in ")
