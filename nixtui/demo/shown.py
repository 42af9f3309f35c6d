"""What `systemctl show` of a demo host tells of a unit: properties by name, as systemd writes them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from nixtui.demo.systemd import Systemd
from nixtui.demo.unit import Unit

Properties = dict[str, str]

_KINDS: Final = {"service": "simple"}


class Shown:
    """Asks the service manager. `uptime` is the host's, in seconds."""

    def __init__(self, systemd: Systemd, uptime: Callable[[], float], clock: Callable[[], float] = time.time) -> None:
        self._systemd = systemd
        self._uptime = uptime
        self._clock = clock

    def properties(self, name: str) -> Properties:
        """All that is known; a unit that is not there is told as such."""
        unit = self._systemd.unit(name)
        if unit is None:
            return {"Id": name, "LoadState": "not-found", "ActiveState": "inactive", "SubState": "dead"}
        if name.endswith(".timer"):
            return self._base(unit) | self._timer(name)
        return self._base(unit) | self._service(unit)

    def _base(self, unit: Unit) -> Properties:
        since = unit.since - (self._clock() - self._uptime())
        return {
            "Id": unit.name,
            "Description": unit.description,
            "LoadState": "loaded",
            "ActiveState": unit.active,
            "SubState": unit.sub,
            "Result": "exit-code" if unit.is_failed else "success",
            "UnitFileState": "enabled",
            "FragmentPath": f"/etc/systemd/system/{unit.name}",
            "StateChangeTimestampMonotonic": str(max(1, int(since * 1e6))),
            "CanStart": "yes",
            "CanStop": "yes",
            "TriggeredBy": " ".join(name for name, job in self._systemd.jobs.items() if job.service == unit.name),
        }

    def _service(self, unit: Unit) -> Properties:
        up = unit.active == "active" and unit.name.endswith(".service")
        found = {
            "Type": _KINDS.get(unit.name.rpartition(".")[2], ""),
            "MainPID": str(self._systemd.main_pid(unit.name) or (900 + len(unit.name) if up else 0)),
            "ExecMainStatus": str(int(unit.is_failed)),
            "NRestarts": "0",
            "MemoryCurrent": str(len(unit.name) * 3_271_168) if up else "[not set]",
            "TasksCurrent": str(len(unit.name) % 7 + 1) if up else "[not set]",
        }
        run = self._systemd.runs.get(unit.name)
        if run is not None:
            found |= {
                "Type": "oneshot",
                "ExecMainStatus": "0" if run.is_well else "2",
                "ExecMainStartTimestamp": _written(run.began),
                "ExecMainExitTimestamp": _written(run.ended),
            }
        return found

    def _timer(self, name: str) -> Properties:
        job = self._systemd.jobs.get(name)
        if job is None:
            return {"Unit": name.removesuffix(".timer") + ".service"}
        now = self._clock()
        return {
            "Unit": job.service,
            "LastTriggerUSec": _written(job.last(now)),
            "NextElapseUSecRealtime": _written(job.next(now)),
            "NextElapseUSecMonotonic": "infinity",
        }


def _written(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%a %Y-%m-%d %H:%M:%S} UTC"
