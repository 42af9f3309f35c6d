"""Hours with a fleet: `python -m tests.bench.soak --minutes 120 --hosts 200`.

The app as it is started, on embedded hosts in a process of their own, over SSH on the loopback interface: live view,
screens visited in turn, following journals where the app can, and fifty rollbacks spread over the time. Prints the
memory of the app's process at the start, at most and at the end, its share of a processor, and the bytes that the
terminal got. The bar is for the growth of memory: after the first minutes, in which everything is imported and filled.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, process_time
from types import MappingProxyType

from tests.bench.figures import Figure, at_most, memory_kib, table

_SETTLED_AFTER = 0.2
"""The share of the time after which memory is expected to stay what it is."""
_GROWTH_MB = 40.0
_STEP_S = 2.0
_KEYS = ("j", "j", "enter", "j", "escape", "7", "j", "1", "z", "z", "G", "g", "v", "v")
"""What somebody does who keeps an eye on a fleet: a key every two seconds."""


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--operations", type=int, default=50)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


async def serve(count: int) -> None:
    """The hosts, until standard input ends."""
    from nixtui.demo import demo_fleet
    from nixtui.demo.story import CAST

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sound = [who for who in CAST if who.environment == "prod" and 8 in who.commits and 9 not in who.commits]
    cast = [
        replace(
            sound[number % len(sound)],
            name=f"{sound[number % len(sound)].role}-{number + 1}",
            environment="staging",
            hotfix=None,
            under_way=None,
            faults=MappingProxyType({}),
            goes_wrong=MappingProxyType({}),
        )
        for number in range(count)
    ]
    async with demo_fleet(cast=cast) as fleet:
        print(json.dumps({"config": str(fleet.config_path), "environ": dict(fleet.environ)}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def hosts_elsewhere(count: int) -> AsyncIterator[tuple[Path, dict[str, str]]]:
    """Hosts in another process: its memory is not the app's."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.soak", "--serve", "--hosts", str(count)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin and process.stdout
    try:
        told = json.loads(await process.stdout.readline())
        yield Path(told["config"]), told["environ"]
    finally:
        process.stdin.close()
        await process.wait()


async def soak(options: argparse.Namespace) -> list[Figure]:
    """Run it."""
    async with hosts_elsewhere(options.hosts) as (config, environ):
        return await watch(options, config, environ)


async def watch(options: argparse.Namespace, config: Path, environ: dict[str, str]) -> list[Figure]:
    """The app on these hosts for as long as it was asked for."""
    from textual.drivers.headless_driver import HeadlessDriver

    from nixtui.cli.assembly import Assembly, Surroundings
    from nixtui.cli.cockpit import LiveCockpit
    from nixtui.config import load_configuration
    from nixtui.model.status import HostState
    from nixtui.remote.prompter import Nobody
    from nixtui.tui.action_table import DESTINATIONS
    from nixtui.tui.app import NixtuiApp
    from tests.tui.screen import until

    class Terminal(HeadlessDriver):
        written = 0

        @property
        def is_headless(self) -> bool:
            return False

        def write(self, data: str) -> None:
            Terminal.written += len(data.encode())

        def flush(self) -> None:
            pass

    surroundings = Surroundings(config.parent, {**os.environ, **environ}, Nobody(), "ops-1")
    configuration = load_configuration(config.parent, surroundings.environ, config)
    async with Assembly(configuration, surroundings) as nixtui, LiveCockpit(nixtui) as cockpit:
        app = NixtuiApp(cockpit)
        app.driver_class = Terminal
        begun = monotonic()
        async with app.run_test(size=(160, 50), headless=False) as pilot:
            fleet = cockpit.fleet
            await until(pilot, lambda: fleet.counts.states[HostState.UP] == options.hosts, "all hosts up")
            first = monotonic() - begun
            if any(each.id == "logs" for each in DESTINATIONS):
                await pilot.press("ctrl+a", "l")
            return [Figure("all hosts seen after", first, "s"), *await _hours(options, cockpit, pilot, Terminal)]


async def _hours(options, cockpit, pilot, terminal) -> list[Figure]:
    seconds, begun, cpu = options.minutes * 60, monotonic(), process_time()
    started, sizes, steps, running = memory_kib() / 1024, [], 0, []
    names = cockpit.fleet.names()
    terminal.written = 0
    while (elapsed := monotonic() - begun) < seconds:
        await pilot.press(_KEYS[steps % len(_KEYS)])
        steps += 1
        sizes.append((elapsed / seconds, memory_kib() / 1024))
        if len(running) < options.operations * elapsed / seconds / 0.95 and len(running) < options.operations:
            running.append(await _roll_back(cockpit, names[len(running) % len(names)]))
        if steps % 30 == 0:
            print(f"{elapsed / 60:6.1f} min  {sizes[-1][1]:6.1f} MB  {len(running)} operations", file=sys.__stderr__)
        await asyncio.sleep(max(0.0, steps * _STEP_S - (monotonic() - begun)))
    outcomes = [each.report.outcome.value for each in running if each.report is not None]
    settled = next(size for share, size in sizes if share >= _SETTLED_AFTER)
    return [
        at_most("memory grown since a fifth of the time", sizes[-1][1] - settled, "MB", _GROWTH_MB),
        Figure("memory at the start", started, "MB"),
        Figure("memory at most", max(size for _, size in sizes), "MB"),
        Figure("memory at the end", sizes[-1][1], "MB"),
        Figure("share of one processor", (process_time() - cpu) / (monotonic() - begun) * 100, "%"),
        Figure("written to the terminal", terminal.written / 1000 / (monotonic() - begun), "kB/s"),
        Figure("operations", len(running), ""),
        Figure("of them committed", outcomes.count("committed"), ""),
    ]


async def _roll_back(cockpit, name: str):
    from nixtui.operations.policy import Answer, Consent

    plan = await cockpit.plan_rollback([name], "previous")
    return cockpit.start(plan, Consent(Answer.KEY))


def main(arguments: list[str]) -> int:
    options = parse_arguments(arguments)
    if options.serve:
        asyncio.run(serve(options.hosts))
        return 0
    found = asyncio.run(soak(options))
    print(table(f"{options.hosts} hosts over SSH, {options.minutes:g} minutes", found))
    return int(any(figure.passed is False for figure in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
