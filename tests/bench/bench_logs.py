"""The logs: 100,000 lines taken in, searched, and followed on a painted screen while somebody presses keys.

`python -m tests.bench.bench_logs [--per-second N] [--keys N]`

Frames are really serialised, as in `bench_tui`. A key counts as painted when a frame is written after the cursor moved.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from time import perf_counter, process_time

from tests.bench.figures import Figure, at_most, memory_kib, table

TITLE = "Logs: 100,000 lines in memory, 2,000 a second more"

LINES = 100_000
UNITS = ("nginx.service", "shop-api.service", "postgresql.service", "sshd.service", "")
KEYS = ("k", "k", "ctrl+u", "k", "ctrl+d", "k", "n", "g", "j", "G", "k", "N")


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-second", type=int, default=2_000)
    parser.add_argument("--keys", type=int, default=240)
    parser.add_argument("--fps", type=int, default=120)
    parser.add_argument("--size", default="160x50")
    return parser.parse_args(arguments)


def json_lines(count: int, random: Random) -> list[str]:
    """As a host prints them, some 130 characters of message each."""
    padding = "x" * 70
    return [
        f'{{"__CURSOR":"s=0f5a7d1c;i={number:x};b=77ab;m=1f;t=64;x=9",'
        f'"__REALTIME_TIMESTAMP":"{(10**9 + number) * 1000}",'
        f'"_SYSTEMD_UNIT":"{random.choice(UNITS)}","SYSLOG_IDENTIFIER":"shop","_PID":"{number % 9999}",'
        f'"PRIORITY":"{random.choice("3456666667")}",'
        f'"MESSAGE":"GET /api/orders/{number} took {number % 997} ms {padding}"}}'
        for number in range(count)
    ]


def in_memory(random: Random) -> dict[str, float]:
    """Parsing, merging and searching without a screen."""
    from nixtui.logs.buffer import LogBuffer
    from nixtui.logs.line import LogLine
    from nixtui.logs.view import LogView
    from nixtui.remote.journal import parse_entry

    texts = json_lines(LINES, random)
    at = perf_counter()
    entries = [entry for text in texts if (entry := parse_entry(text)) is not None]
    parsed = perf_counter() - at
    assert len(entries) == LINES
    before = memory_kib()
    lines = [
        LogLine(number << 24 | 1, each.at / 1e6, f"web-{number % 12}", each.message, each.unit, cursor=each.cursor)
        for number, each in enumerate(entries, 1)
    ]
    buffer = LogBuffer()
    view = LogView(buffer)
    slowest = 0.0
    began = perf_counter()
    for start in range(0, LINES, 1000):
        at = perf_counter()
        buffer.add(lines[start : start + 1000])
        view.sync()
        slowest = max(slowest, perf_counter() - at)
    appended = perf_counter() - began
    at = perf_counter()
    found = view.search("took 42 ms")
    searched = perf_counter() - at
    assert found == sum("took 42 ms" in text for text in texts)
    at = perf_counter()
    view.go_to_found(later=False)
    jumped = perf_counter() - at
    return {
        "parse s": parsed,
        "append s": appended,
        "worst block ms": slowest * 1000,
        "search ms": searched * 1000,
        "jump ms": jumped * 1000,
        "MB": (memory_kib() - before) / 1024,
    }


async def on_screen(options: argparse.Namespace, random: Random) -> dict[str, float]:
    from textual import events
    from textual.drivers.headless_driver import HeadlessDriver

    from nixtui.remote.journal import parse_entry
    from nixtui.tui import opening
    from nixtui.tui.app import NixtuiApp
    from nixtui.tui.screens.logs import LogsScreen
    from tests.tui.cockpit import MemoryCockpit, synthetic_fleet

    class SerialisingDriver(HeadlessDriver):
        written = 0

        @property
        def is_headless(self) -> bool:
            return False

        def write(self, data: str) -> None:
            SerialisingDriver.written += len(data.encode())

        def flush(self) -> None:
            pass

    class Measured(NixtuiApp):
        on_frame: Callable[[], None] = staticmethod(lambda: None)

        def post_display_hook(self) -> None:
            self.on_frame()

    cockpit = MemoryCockpit(synthetic_fleet(60))
    cockpit.now = time.time()
    app = Measured(cockpit)
    app.driver_class = SerialisingDriver
    width, height = map(int, options.size.split("x"))
    entries = [entry for text in json_lines(LINES, random) if (entry := parse_entry(text)) is not None]
    hosts = cockpit.fleet.names()[:12]
    async with app.run_test(size=(width, height), headless=False) as pilot:
        opening.logs(app, hosts)
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, LogsScreen)
        tail, view = screen.tail, screen.view
        assert tail is not None
        assert view is not None
        for start in range(0, LINES, 1000):
            tail.take(hosts[start // 1000 % 12], entries[start : start + 1000], 0.0)
        await asyncio.sleep(1.0)
        view.search("took 42 ms")
        SerialisingDriver.written = 0
        await asyncio.sleep(2.0)
        idle = SerialisingDriver.written

        async def write_on() -> None:
            began, done = perf_counter(), 0
            while True:
                await asyncio.sleep(0.01)
                due = int((perf_counter() - began) * options.per_second)
                now = int(time.time() * 1e6)
                fresh = [
                    type(each)(each.cursor, now + number, each.priority, each.unit, "", "1", each.message)
                    for number, each in enumerate(entries[done % 90_000 : done % 90_000 + due - done])
                ]
                tail.take(hosts[done % 12], fresh, 0.0)
                done = due

        writing = asyncio.create_task(write_on())
        await asyncio.sleep(1.0)
        SerialisingDriver.written, cpu, wall = 0, process_time(), perf_counter()
        latencies: list[float] = []
        for number in range(options.keys):
            key = KEYS[number % len(KEYS)]
            before, painted = view.cursor, asyncio.Event()

            def on_frame(before: int = before, painted: asyncio.Event = painted) -> None:
                if view.cursor != before:
                    painted.set()

            app.on_frame = on_frame
            at = perf_counter()
            app.post_message(events.Key(key, key if len(key) == 1 else None))
            try:
                await asyncio.wait_for(painted.wait(), 1.0)
            except TimeoutError:
                print(f"{key} moved nothing", file=sys.stderr)
                continue
            latencies.append((perf_counter() - at) * 1000)
            await asyncio.sleep(random.uniform(0.02, 0.09))
        cpu, wall = process_time() - cpu, perf_counter() - wall
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
    latencies.sort()
    return {
        "p50": statistics.median(latencies),
        "p95": latencies[int(len(latencies) * 0.95)],
        "max": latencies[-1],
        "cpu": cpu / wall * 100,
        "KB/s": SerialisingDriver.written / wall / 1000,
        "idle": float(idle),
    }


def figures(arguments: list[str] | None = None) -> list[Figure]:
    """Measure."""
    options = parse_arguments(arguments or [])
    os.environ["TEXTUAL_FPS"] = str(options.fps)  # read when textual is imported, which is below
    random = Random(5)  # noqa: S311 - the same every time, guards nothing
    memory = in_memory(random)
    screen = asyncio.run(on_screen(options, random))
    return [
        at_most("100,000 lines appended, 1,000 at a time, within", memory["append s"], "s", 0.2),
        at_most("the slowest thousand of them", memory["worst block ms"], "ms", 16),
        at_most("all of them searched", memory["search ms"], "ms", 50),
        at_most("from one line found to the next", memory["jump ms"], "ms", 1),
        at_most("a key to its painted frame while following, 95 of 100 within", screen["p95"], "ms", 16),
        at_most(
            "written to the terminal in two idle seconds, besides the clock", max(0.0, screen["idle"] - 200), "B", 0
        ),
        Figure("parsed from JSON", memory["parse s"], "s"),
        Figure("memory of 100,000 lines, without their texts", memory["MB"], "MB"),
        Figure("a key to its painted frame, median", screen["p50"], "ms"),
        Figure("the slowest key", screen["max"], "ms"),
        Figure("share of one processor", screen["cpu"], "%"),
        Figure("written to the terminal", screen["KB/s"], "kB/s"),
    ]


def main(arguments: list[str]) -> int:
    found = figures(arguments)
    print(table(TITLE, found))
    return int(any(figure.passed is False for figure in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
