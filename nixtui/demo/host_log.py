"""The journal of a demo host: entries as `journalctl -o json` writes them, one a line, in the order of their keys."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

INFO: Final = 6
ERROR: Final = 3
NOTICE: Final = 5


class HostLog:
    """Appends to the journal file; `bin/journalctl` reads it."""

    def __init__(self, file: Path, hostname: str, clock: Callable[[], float]) -> None:
        self._file = file
        self._hostname = hostname
        self._clock = clock
        self._count = 0
        self.boot_id = ""

    def say(
        self,
        unit: str,
        message: str,
        *,
        identifier: str | None = None,
        pid: int = 1,
        priority: int = INFO,
        at: float | None = None,
    ) -> None:
        """One entry of a unit, now or `at` a time (Unix seconds)."""
        self._count += 1
        of_systemd = identifier == "systemd"
        entry = {
            "__CURSOR": f"s=demo;i={self._count:x}",
            "__REALTIME_TIMESTAMP": str(int((self._clock() if at is None else at) * 1e6)),
            "_BOOT_ID": self.boot_id.replace("-", ""),
            "_HOSTNAME": self._hostname,
            "PRIORITY": str(priority),
            "UNIT" if of_systemd else "_SYSTEMD_UNIT": unit,
            "SYSLOG_IDENTIFIER": identifier or unit.partition(".")[0],
            "_PID": str(pid),
            "MESSAGE": message,
        }
        with self._file.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n")

    def systemd(self, unit: str, message: str, *, priority: int = INFO, at: float | None = None) -> None:
        """What the service manager says about a unit."""
        self.say(unit, message, identifier="systemd", priority=priority, at=at)

    def tail(self, unit: str, count: int) -> list[str]:
        """The last messages of a unit, as `systemctl status` shows them."""
        entries = [json.loads(line) for line in self._file.read_text(encoding="utf-8").splitlines()]
        of_unit = [each for each in entries if unit in (each.get("UNIT"), each.get("_SYSTEMD_UNIT"))]
        return [_shown(each) for each in of_unit[-count:]] if count else []


def _shown(entry: dict[str, str]) -> str:
    at = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1e6, UTC)
    who = f"{entry['_HOSTNAME']} {entry['SYSLOG_IDENTIFIER']}[{entry['_PID']}]"
    return f"{at:%b %d %H:%M:%S} {who}: {entry['MESSAGE']}"
