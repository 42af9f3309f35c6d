"""Builds: how fast the event stream is parsed, and what a long one costs the screen and the memory.

`python -m tests.bench.bench_builds`
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, thread_time

from nixtui.builds.derivation import State
from nixtui.builds.estimates import Estimates
from nixtui.builds.intake import Intake
from nixtui.builds.log import BuildLogs
from nixtui.builds.tree import BuildTree
from nixtui.builds.view import rows
from nixtui.nix.internal_json import parse
from tests.bench.figures import Figure, at_least, at_most, memory_kib, table
from tests.builds.recorded import lines

TITLE = "Builds: the event stream of nix"

LINES = 100_000
LONG = 1_000_000
BUILDS = 400
PIECE = 2**16
FRAME_MS = 33.0


def best(work: Callable[[], object], times: int = 7) -> float:
    """Seconds of the quickest of some rounds: the others measure what else the machine does."""
    taken = []
    for _ in range(times):
        at = perf_counter()
        work()
        taken.append(perf_counter() - at)
    return min(taken)


def parsing() -> dict[str, float]:
    recorded = [line for version in ("2.8.0", "2.26.3", "2.34.8") for line in lines(f"{version}-success")]
    bare = [line.removeprefix(b"@nix ") for line in recorded]
    ours = best(lambda: [parse(line) for line in recorded])
    theirs = best(lambda: [json.loads(line) for line in bare])
    size = sum(map(len, recorded))
    return {"ratio": theirs / ours, "us": ours / len(recorded) * 1e6, "MB/s": size / ours / 1e6}


def stream(log_lines: int) -> Iterator[bytes]:
    """A system of many builds, each of which prints its share, in pieces as they come through a pipe."""
    drvs = [f"/nix/store/{number:032}-package-{number}-1.0.drv" for number in range(BUILDS)]
    piece = [b'@nix {"action":"start","id":1,"type":104,"text":"","level":0,"parent":0}']
    for drv in drvs:
        piece.append(f'@nix {{"action":"msg","level":3,"msg":"  {drv}"}}'.encode())
    for number, drv in enumerate(drvs):
        start = {"action": "start", "id": number + 10, "type": 105, "fields": [drv, "", 1, 1], "level": 3, "text": ""}
        piece.append(b"@nix " + json.dumps(start).encode())
        for count in range(log_lines // BUILDS):
            text = f"\\u001b[32m[{count}]\\u001b[0m CC src/file-{count}.c -> build/file-{count}.o {'x' * 30}"
            piece.append(f'@nix {{"action":"result","fields":["{text}"],"id":{number + 10},"type":101}}'.encode())
            if len(piece) >= 500:
                yield b"\n".join(piece) + b"\n"
                piece = []
        piece.append(f'@nix {{"action":"result","fields":[{number + 1},{BUILDS},0,0],"id":1,"type":105}}'.encode())
        piece.append(f'@nix {{"action":"stop","id":{number + 10}}}'.encode())
    yield b"\n".join(piece) + b"\n"


def taken_in(log_lines: int, directory: Path) -> dict[str, float]:
    """Applied in slices, with what a screen asks for between two of them.

    Slices are measured in processor time: they end by the clock, and a busy machine may stop anything for as long.
    """
    tree = BuildTree(logs=BuildLogs(directory))
    intake = Intake(tree, perf_counter)
    slowest = total = asked = 0.0
    before = memory_kib()
    most = before
    for piece in stream(log_lines):
        intake.feed(piece)
        more = True
        while more:
            at = thread_time()
            more = intake.work()
            took = thread_time() - at
            slowest, total = max(slowest, took), total + took
        at = thread_time()
        rows(tree, 40)
        asked = max(asked, thread_time() - at)
        most = max(most, memory_kib())
    at = thread_time()
    Estimates({("package", ""): 60.0}).remaining(tree, perf_counter())
    asked = max(asked, thread_time() - at)
    tree.finish(0, perf_counter())
    assert tree.count(State.BUILT) == BUILDS
    assert sum(each.log.count for each in tree.derivations.values()) == log_lines // BUILDS * BUILDS
    return {"slowest ms": slowest * 1000, "total s": total, "asked ms": asked * 1000, "MB": (most - before) / 1024}


def figures() -> list[Figure]:
    """Measure."""
    parsed = parsing()
    with tempfile.TemporaryDirectory() as folder:
        usual = taken_in(LINES, Path(folder) / "usual")
        long = taken_in(LONG, Path(folder) / "long")
    return [
        at_least("as fast as json.loads alone over the same lines", parsed["ratio"] * 100, "%", 60),
        at_most("the longest slice of a stream of 100,000 lines", usual["slowest ms"], "ms", FRAME_MS),
        at_most("the longest slice of one of 1,000,000 lines", long["slowest ms"], "ms", FRAME_MS),
        at_most("the rows of the tree and the time that is left, at most", usual["asked ms"], "ms", FRAME_MS / 2),
        at_most("memory that 1,000,000 lines of log take", long["MB"], "MB", 96),
        Figure("memory that 100,000 lines of log take", usual["MB"], "MB"),
        Figure("processor time for 100,000 lines parsed, applied and written to files", usual["total s"], "s"),
        Figure("to parse one line", parsed["us"], "µs"),
        Figure("parsed", parsed["MB/s"], "MB/s"),
    ]


if __name__ == "__main__":
    found = figures()
    print(table(TITLE, found))
    sys.exit(any(figure.passed is False for figure in found))
