"""What a guarded rollback costs beyond the host's own switch-to-configuration, next to the same steps over `ssh`.

`python -m tests.bench.bench_rollback`; needs root, brings a lab host up and takes it down. Rounds alternate, so that a
noisy machine is noisy for everybody.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from statistics import median

import msgspec

from nixtui.activation.rollback import Action, Seen, Settings, plan_rollback, rollback_job
from nixtui.model.host import Host as Named
from nixtui.model.target import Number
from nixtui.operations.operation import Run
from nixtui.operations.report import Outcome
from nixtui.remote.generations import generations
from tests.bench.figures import Figure, at_most, table
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.remote.operator import Operator

ROUNDS = 7
TITLE = f"A rollback, median of {ROUNDS} rounds on one lab host"
PROFILE = "/nix/var/nix/profiles/system"


class Seconds(msgspec.Struct):
    """Of each round, by what was done."""

    own: list[float] = []
    guarded: list[float] = []
    by_ssh: list[float] = []


def figures() -> list[Figure]:
    """Measure."""
    lab = Lab.up(1, f"bench-{os.getpid()}", owner=os.getpid())
    try:
        seconds = asyncio.run(_rounds(lab, lab["h1"]))
    finally:
        lab.down()
    own, guarded, by_ssh = median(seconds.own), median(seconds.guarded), median(seconds.by_ssh)
    return [
        at_most("guarded, beyond the host's own switch-to-configuration", guarded - own, "s", 0.5),
        Figure("the same steps by ssh with a ControlMaster, beyond it", by_ssh - own, "s"),
        Figure("switch-to-configuration test and boot by themselves", own, "s"),
    ]


def main() -> None:
    """Measure and print."""
    print(table(TITLE, figures()))


async def _rounds(lab: Lab, host: Host) -> Seconds:
    seconds = Seconds()
    pair = [host.generations[-2], host.generations[-1]]
    operator = Operator(lab)
    async with operator.reach(Named(name=host.name, address=host.name)) as transport:
        for round_ in range(ROUNDS):
            for way in (_by_themselves, _guarded, _by_ssh):
                there = pair[0] if host.current_system() == pair[1].path else pair[1]
                if way is _guarded:
                    seconds.guarded.append(await _guarded(transport, host, there.number, round_))
                elif way is _by_ssh:
                    seconds.by_ssh.append(_by_ssh(lab, host, there.number, there.path))
                else:
                    seconds.own.append(_by_themselves(host, there.number, there.path))
    return seconds


def _by_themselves(host: Host, number: int, path: str) -> float:
    """On the host, without any network: what NixOS itself takes."""
    seconds = _timed(lambda: host.sh(f"{path}/bin/switch-to-configuration test"))
    host.sh(f"nix-env --profile {PROFILE} --switch-generation {number}")
    return seconds + _timed(lambda: host.sh(f"{path}/bin/switch-to-configuration boot"))


async def _guarded(transport: object, host: Host, number: int, round_: int) -> float:
    """Over a connection that is there already, as in the app; the plan was made before the key was pressed."""
    from contextlib import asynccontextmanager

    named = Named(name=host.name, address=host.name)

    @asynccontextmanager
    async def reach(_host: Named):
        yield transport

    seen = Seen(named, await generations(transport))  # type: ignore[arg-type] # the lab's own
    identity = f"bench{round_:03d}"
    rollback = plan_rollback(
        [seen], Number(number), Settings(), action=Action.SWITCH, operation=identity, operator="bench"
    )
    run = Run(identity, rollback.plan, lambda _event: None, time.time, asyncio.Event())
    began = time.monotonic()
    report = await rollback_job(rollback, reach)(run)
    assert report.outcome is Outcome.COMMITTED, report
    return time.monotonic() - began


def _by_ssh(lab: Lab, host: Host, number: int, path: str) -> float:
    """The guard's steps by hand: arm, test, a new login to look, profile, boot entry, disarm."""
    config = ["ssh", "-F", str(lab.ssh_config)]
    path_ = f"ControlPath=/run/nixtui-lab-bench-{os.getpid()}"
    control = ["-o", "ControlMaster=auto", "-o", "ControlPersist=60", "-o", path_]
    fresh = ["-o", "ControlMaster=no", "-o", "ControlPath=none"]

    def ssh(options: list[str], command: str) -> None:
        subprocess.run([*config, *options, host.name, command], check=True, capture_output=True)

    ssh(control, "true")

    def steps() -> None:
        previous = "$(readlink -f /run/current-system)"
        ssh(control, f"systemd-run --unit=bench-revert --on-active=90 {previous}/bin/switch-to-configuration test")
        ssh(control, f"systemd-run --wait --collect --unit=bench-activate {path}/bin/switch-to-configuration test")
        ssh(fresh, "readlink -f /run/current-system; systemctl list-units --state=failed")
        ssh(control, "systemctl stop bench-revert.timer")
        ssh(control, f"nix-env --profile {PROFILE} --switch-generation {number}")
        ssh(control, f"{path}/bin/switch-to-configuration boot")

    return _timed(steps)


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
