"""The timers of a host: when each last ran, how that ended, and when it runs next."""

from typing import Final

from nixtui.model.timer import Timer, Timers
from nixtui.remote.systemd import Parts, Properties, blocks, moment, span, whole
from nixtui.remote.transport import Completed, Transport, load_script

TIMEOUT_S: Final = 30.0
MOST: Final = 500


async def timers(transport: Transport) -> Timers:
    """All timers, and backup jobs without one. Raises a `RemoteError`."""
    return parse_timers(transport.host.name, await transport.run(load_script("timers", "facts"), timeout=TIMEOUT_S))


def parse_timers(host: str, completed: Completed) -> Timers:
    """The answer of `scripts/timers.sh`: failed ones first, then backups, then by what comes next."""
    parts = Parts(host, "timers", completed, "its timers")
    jobs = {block["Id"]: block for block in blocks(parts["units"]) if "Id" in block}
    found: list[Timer] = []
    for block in blocks(parts["timers"]):
        if "Id" in block and len(found) < MOST:
            unit = block.get("Unit") or block["Id"].removesuffix(".timer") + ".service"
            found.append(_timer(block, unit, jobs.pop(unit, {}), parts))
    found += [_timer({}, name, job, parts) for name, job in jobs.items() if job.get("LoadState") == "loaded"]
    found.sort(key=lambda each: (not each.is_failed, not each.is_backup, each.next is None, each.next or 0, each.title))
    return Timers(items=tuple(found), clock=parts.clock)


def _timer(timer: Properties, unit: str, job: Properties, parts: Parts) -> Timer:
    started, ended = moment(job.get("ExecMainStartTimestamp", "")), moment(job.get("ExecMainExitTimestamp", ""))
    running = job.get("ActiveState") in ("activating", "reloading") or job.get("SubState") == "running"
    has_failed = job.get("ActiveState") == "failed"
    return Timer(
        unit=unit,
        timer=timer.get("Id"),
        description=job.get("Description") or timer.get("Description", ""),
        last=moment(timer.get("LastTriggerUSec", "")) or started,
        next=_next(timer, parts),
        # A unit that has not run since the boot calls its result a success, too.
        result=job.get("Result") if ended is not None or has_failed else None,
        exit_status=whole(job.get("ExecMainStatus")) if ended is not None else None,
        running=running,
        took_s=ended - started if started is not None and ended is not None and ended >= started else None,
        enabled=not timer or timer.get("ActiveState") == "active",
    )


def _next(timer: Properties, parts: Parts) -> float | None:
    """By the calendar, or counted from the boot (OnBootSec=, OnUnitActiveSec=): whichever is sooner."""
    at = moment(timer.get("NextElapseUSecRealtime", ""))
    from_boot = span(timer.get("NextElapseUSecMonotonic", ""))
    times = [at] if at is not None else []
    if from_boot and parts.uptime:
        times.append(parts.clock - parts.uptime + from_boot)
    return min(times, default=None)
