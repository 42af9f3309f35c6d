"""What an idle host costs the operator, SSH included: `python -m tests.bench.bench_stream [HOSTS] [SECONDS]`.

One real sshd plays all hosts, with a connection, a login and a probe for each. Counts only the CPU time of the
operator's process. A busy machine makes it look worse: caches are cold and sends on loopback do the receiver's work.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

from nixtui.fleet.state import FleetState
from nixtui.fleet.watch import FleetWatch
from nixtui.model.host import Host
from nixtui.model.status import HostState
from nixtui.remote.transport import Transport
from tests.remote.nixos_root import web_host
from tests.remote.sshd import Sshd, running_sshd
from tests.remote.workstation import Workstation


class Logins:
    """One connection per host."""

    def __init__(self, station: Workstation) -> None:
        self._station = station
        self._access = station.access(connect_timeout=60.0)

    async def connect(self, host: Host) -> Transport:
        return await self._station.reach(host, self._access)


async def measure(sshd: Sshd, station: Workstation, hosts: int, seconds: float) -> None:
    fleet = FleetState(sshd.host(f"web-{number}") for number in range(hosts))
    watching = asyncio.create_task(FleetWatch(fleet, Logins(station)).run())
    async for _ in fleet.batches():
        if fleet.counts.states[HostState.UP] == hosts:
            break
    await asyncio.sleep(5)
    seen = {name: fleet.status(name).observed_at for name in fleet.names()}
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    fresh = sum(fleet.status(name).observed_at != at for name, at in seen.items())
    print(f"{cpu / wall / hosts * 1e6:.0f} µs of CPU per host and second; {fresh} of {hosts} hosts answered meanwhile")
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await station.leave()


def main() -> None:
    hosts = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20.0
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        root = web_host(directory / "root")
        shutil.rmtree(root.at("/run/systemd"))  # sshd's children find this machine's systemctl, not the root's
        with running_sshd(directory / "sshd", f"SetEnv NIXTUI_ROOT={root.directory}") as sshd:
            station = Workstation(directory / "home")
            station.may_enter(sshd)
            asyncio.run(measure(sshd, station, hosts, seconds))


if __name__ == "__main__":
    main()
