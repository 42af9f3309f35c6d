"""What watching a fleet costs the operator's machine: `python -m tests.bench.bench_fleet [HOSTS] [SECONDS]`.

The hosts are in memory, so this is parser, state and clock without SSH; what the hosts themselves cost is in it too.
"""

import asyncio
import sys
import time

import msgspec

from nixtui.fleet.state import FleetState
from nixtui.fleet.watch import FleetWatch
from nixtui.model.status import HostFacts, HostState, HostStatus
from nixtui.remote.facts import updated
from nixtui.remote.probe import ProbeParser
from tests.bench.figures import Figure, memory_kib, table
from tests.fleet.hosts_in_memory import MemoryFleet, named

TITLE = "Watching a fleet, without SSH"

BLOCK = """\
#nixtui-probe n begin {n} all
current_system /nix/store/{n:032d}-nixos-system-web-25.11.20261120.98fe21c
booted_system /nix/store/{n:032d}-nixos-system-web-25.11.20261120.98fe21c
profile_system /nix/store/{n:032d}-nixos-system-web-25.11.20261120.98fe21c
generations 23
generation 412
switched_at 1790500000
nixos_version 25.11.20261120.98fe21c
configuration_revision 98fe21c0de44d0aa17b1c0de98fe21c0de44d0aa
kernel_current 6.12.58
kernel_running 6.12.58
reboot_for nothing 6.12.58 6.12.58
load 0.42 0.31 0.20
memory_kib 8000000 6000000 0 0
systemd_state running
failed_units none
boot_id 0e1ce3ad-8c42-4a4a-b9a5-{n:012x}
uptime_s 86400
disks_kib / 60000000 40000000 /boot 200000 300000
clock 1790500000
#nixtui-probe n end {n} 19"""


def blocks_per_second() -> float:
    """Full blocks parsed into facts."""
    parser, facts, count = ProbeParser("n"), HostFacts(), 3000
    parser.asked = count
    lines = [BLOCK.format(n=number).split("\n") for number in range(1, count + 1)]
    started = time.process_time()
    for each in lines:
        for line in each:
            if answer := parser.feed(line):
                facts = updated(facts, answer)  # type: ignore[arg-type]  # these are blocks
    return count / (time.process_time() - started)


def fleet_of(hosts: int) -> FleetState:
    """A fleet in which every host was seen."""
    fleet = FleetState(named(f"web-{number}" for number in range(hosts)))
    for number in range(hosts):
        parser = ProbeParser("n")
        parser.asked = hosts
        answers = [parser.feed(line) for line in BLOCK.format(n=number + 1).split("\n")]
        facts = updated(HostFacts(), answers[-1])  # type: ignore[arg-type]  # a whole block
        fleet.apply(f"web-{number}", HostStatus(state=HostState.UP, since=1.0, observed_at=1.0, facts=facts))
    return fleet


def updates_per_second(fleet: FleetState) -> tuple[float, float]:
    """Changes and heartbeats that the state takes in; somebody looks after every hundred of them."""
    feed = fleet.subscribe(lambda: None)
    names, count = fleet.names(), 50_000
    facts = [msgspec.structs.replace(fleet.status(names[0]).facts, load=(number / 100, 0, 0)) for number in range(100)]
    started = time.process_time()
    for number in range(count):
        status = fleet.status(names[number % len(names)])
        fleet.apply(names[number % len(names)], msgspec.structs.replace(status, facts=facts[number % 100]))
        if number % 100 == 0:
            feed.take()
    changes = count / (time.process_time() - started)
    started = time.process_time()
    for number in range(count):
        fleet.seen(names[number % len(names)], 2.0 + number / 1000)
    return changes, count / (time.process_time() - started)


async def cpu_per_host_second(hosts: int, seconds: float) -> float:
    """Microseconds of our CPU that one idle host costs per second, at the usual pace."""
    memory = MemoryFleet()
    fleet = FleetState(named(f"web-{number}" for number in range(hosts)))
    watching = asyncio.create_task(FleetWatch(fleet, memory).run())
    async for _ in fleet.batches():
        if fleet.counts.states[HostState.UP] == hosts:
            break
    await asyncio.sleep(5)
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    used = (time.process_time() - cpu) / (time.perf_counter() - wall)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return used / hosts * 1e6


def figures(hosts: int = 10_000, seconds: float = 10.0) -> list[Figure]:
    """Measure."""
    found = [Figure("full blocks parsed, per second of CPU", blocks_per_second(), "")]
    before = memory_kib()
    fleet = fleet_of(hosts)
    found.append(Figure(f"memory of the state, a host of {hosts:,}", (memory_kib() - before) / hosts, "KiB"))
    changes, heartbeats = updates_per_second(fleet)
    found.append(Figure("changes taken in, per second of CPU", changes, ""))
    found.append(Figure("heartbeats taken in, per second of CPU", heartbeats, ""))
    del fleet
    idle = asyncio.run(cpu_per_host_second(hosts, seconds))
    return [*found, Figure("an idle host without SSH, CPU per second", idle, "µs")]


def main() -> None:
    hosts = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    print(table(TITLE, figures(hosts, seconds)))


if __name__ == "__main__":
    main()
