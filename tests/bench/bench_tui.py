"""How long a key takes to become a painted frame: 10,000 hosts, 1,000 updates a second, frames really serialised.

`python -m tests.bench.bench_tui [--hosts N] [--updates N] [--keys N] [--fps N]`

Textual's own `run_test` does not serialise frames when its driver says that it is headless, so this driver says it is
not. A key counts as painted when a frame is written after the cursor moved. Prints milliseconds, the share of one
processor, the memory of the process and the bytes a terminal would have got.
"""

import argparse
import asyncio
import os
import resource
import statistics
import sys
from collections.abc import Callable
from contextlib import suppress
from random import Random
from time import perf_counter, process_time

from tests.bench.figures import Figure, at_most, table

TITLE = "The fleet screen: 10,000 hosts, 1,000 updates a second"

KEYS = ("j", "j", "j", "k", "j", "ctrl+d", "j", "k", "k", "ctrl+u", "space", "j", "G", "k", "g", "j")


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, default=10_000)
    parser.add_argument("--updates", type=int, default=1_000, help="per second")
    parser.add_argument("--keys", type=int, default=300)
    parser.add_argument("--fps", type=int, default=120)
    parser.add_argument("--size", default="160x50")
    return parser.parse_args(arguments)


async def measure(options: argparse.Namespace) -> dict[str, float]:
    from textual import events
    from textual.drivers.headless_driver import HeadlessDriver

    from nixtui.tui.app import NixtuiApp
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

    cockpit = MemoryCockpit(synthetic_fleet(options.hosts))
    app = Measured(cockpit)
    app.driver_class = SerialisingDriver
    width, height = map(int, options.size.split("x"))
    random = Random(3)  # noqa: S311 - the same every time, guards nothing
    latencies: list[float] = []
    slowest: list[tuple[float, str]] = []
    started = perf_counter()
    async with app.run_test(size=(width, height), headless=False) as pilot:
        await pilot.pause()
        first = perf_counter() - started
        table = app.fleet_screen.table
        churn = asyncio.create_task(keep_changing(cockpit, options.updates, random))
        await asyncio.sleep(1.0)
        SerialisingDriver.written, cpu, wall = 0, process_time(), perf_counter()
        for number in range(options.keys):
            key = KEYS[number % len(KEYS)]
            before = table.cursor
            painted = asyncio.Event()

            def on_frame(before: str | None = before, painted: asyncio.Event = painted) -> None:
                if table.cursor != before:
                    painted.set()

            app.on_frame = on_frame
            at = perf_counter()
            app.post_message(events.Key(key, key if len(key) == 1 else None))
            try:
                await asyncio.wait_for(painted.wait(), 1.0)
            except TimeoutError:
                print(f"{key} at {before} moved nothing", file=sys.stderr)
                continue
            latencies.append((perf_counter() - at) * 1000)
            slowest.append((latencies[-1], key))
            await asyncio.sleep(random.uniform(0.02, 0.09))
        cpu, wall = process_time() - cpu, perf_counter() - wall
        churn.cancel()
        assert app.fleet_screen.query_one("#host").display, "the side panel is open"
        with suppress(asyncio.CancelledError):
            await churn
    latencies.sort()
    print("slowest:", ", ".join(f"{key} {ms:.0f}" for ms, key in sorted(slowest, reverse=True)[:12]))
    return {
        "first frame ms": first * 1000,
        "p50 ms": statistics.median(latencies),
        "p95 ms": latencies[int(len(latencies) * 0.95)],
        "max ms": latencies[-1],
        "cpu %": cpu / wall * 100,
        "rss MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "KB/s": SerialisingDriver.written / wall / 1000,
        "keys": len(latencies),
    }


async def keep_changing(cockpit, per_second: int, random: Random) -> None:
    """Hosts that tell something new, one at a time, spread over the second; a few of them change state."""
    import msgspec

    from nixtui.model.status import HostState

    fleet, names = cockpit.fleet, cockpit.fleet.names()
    began, done = perf_counter(), 0
    while True:
        await asyncio.sleep(0.005)
        due = int((perf_counter() - began) * per_second)
        cockpit.now += 0.005
        for _ in range(due - done):
            name = random.choice(names)
            status = fleet.status(name)
            load = random.uniform(0, 4)
            facts = msgspec.structs.replace(status.facts, load=(load, load, load))
            state = HostState.UNREACHABLE if random.random() < 0.002 else HostState.UP
            fleet.apply(name, msgspec.structs.replace(status, facts=facts, state=state, observed_at=cockpit.now))
        done = due


FILTERS = ("w", "web-1", "is:failed", "tag:role=web !env:prod", "rev:98fe", "is:outlier,is:stale", "queue-77", "")


def filter_times(count: int) -> list[float]:
    """Milliseconds from a typed filter to the names in their order, for each of `FILTERS` five times."""
    from nixtui.model.selector import parse_selector
    from nixtui.tui import hosts
    from nixtui.tui.fleet_list import FleetList
    from nixtui.tui.garbage import Garbage
    from tests.tui.cockpit import NOW, synthetic_fleet

    Garbage().begin()  # as the app does
    fleet = synthetic_fleet(count)
    listing = FleetList(fleet, hosts.columns(fleet.names()))
    listing.rebuild(NOW)
    found = []
    for text in FILTERS * 5:
        at = perf_counter()
        listing.selector = parse_selector(text, plain_is_substring=True)
        listing.refilter(NOW)
        listing.order()
        found.append((perf_counter() - at) * 1000)
    return found


def group_time(count: int) -> float:
    """Milliseconds to put so many hosts under headings, when somebody asks for it."""
    from nixtui.tui import hosts
    from nixtui.tui.fleet_list import FleetList
    from nixtui.tui.groups import grouping
    from tests.tui.cockpit import NOW, synthetic_fleet

    fleet = synthetic_fleet(count)
    listing = FleetList(fleet, hosts.columns(fleet.names()))
    listing.rebuild(NOW)
    listing.group_by(grouping("tag:role"))
    at = perf_counter()
    listing.refilter(NOW)
    listing.order()
    return (perf_counter() - at) * 1000


def figures(arguments: list[str] | None = None) -> list[Figure]:
    """Measure."""
    options = parse_arguments(arguments or [])
    os.environ["TEXTUAL_FPS"] = str(options.fps)  # read when textual is imported, which is below
    filters = sorted(filter_times(options.hosts))
    grouped = group_time(options.hosts)
    measured = asyncio.run(measure(options))
    return [
        at_most("a filter over all hosts, 95 of 100 within", filters[int(len(filters) * 0.95)], "ms", 30),
        Figure("a filter over all hosts, median", statistics.median(filters), "ms"),
        Figure("all hosts grouped by a tag", grouped, "ms"),
        at_most("a key to its painted frame with the side panel open, 95 of 100 within", measured["p95 ms"], "ms", 16),
        at_most("memory at most", measured["rss MB"], "MB", 300),
        Figure("a key to its painted frame, median", measured["p50 ms"], "ms"),
        Figure("the slowest key", measured["max ms"], "ms"),
        Figure("first frame", measured["first frame ms"], "ms"),
        Figure("share of one processor", measured["cpu %"], "%"),
        Figure("written to the terminal", measured["KB/s"], "kB/s"),
    ]


def main(arguments: list[str]) -> int:
    found = figures(arguments)
    print(table(TITLE, found))
    return int(any(figure.passed is False for figure in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
