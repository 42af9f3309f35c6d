"""The journal of a demo host: entries as `journalctl -o json` writes them, one a line, in the order of their time."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

ERROR: Final = 3
WARNING: Final = 4
NOTICE: Final = 5
INFO: Final = 6

FAILED_ID: Final = "d9b373ed55a64feb8242e02dbe79a49c"
STARTED_ID: Final = "39f53479d3a045ac8e11786248231fbf"
"""SD_MESSAGE_UNIT_FAILURE_RESULT and SD_MESSAGE_UNIT_STARTED (systemd, sd-messages.h)."""

Entry = dict[str, str]


class HostLog:
    """Appends to the file that `bin/journalctl` reads. What is said before `publish` may be about any time."""

    def __init__(self, file: Path, hostname: str, clock: Callable[[], float]) -> None:
        self._file = file
        self._hostname = hostname
        self._clock = clock
        self._written = 0
        self._before: list[tuple[float, Entry]] | None = []
        self._boots: list[tuple[float, str]] = []

    def begin_boot(self, boot_id: str, at: float) -> None:
        """The host booted at that time (Unix seconds); what it says from then on is of this boot."""
        self._boots.append((at, boot_id.replace("-", "")))
        self._boots.sort()

    def _boot_of(self, moment: float) -> str:
        """Of what is older than every boot that is known: the first one's."""
        return next((boot for at, boot in reversed(self._boots) if at <= moment), self._boots[0][1])

    def say(
        self,
        unit: str,
        message: str,
        *,
        identifier: str | None = None,
        pid: int = 1,
        priority: int = INFO,
        at: float | None = None,
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """One entry of a unit, now or `at` a time (Unix seconds), with other `fields` that journald would have."""
        moment = self._clock() if at is None else at
        entry = {
            "__REALTIME_TIMESTAMP": str(int(moment * 1e6)),
            "_HOSTNAME": self._hostname,
            "PRIORITY": str(priority),
            "UNIT" if identifier == "systemd" else "_SYSTEMD_UNIT": unit,
            "SYSLOG_IDENTIFIER": identifier or unit.partition(".")[0],
            "SYSLOG_TIMESTAMP": f"{datetime.fromtimestamp(moment, UTC):%b %d %H:%M:%S}",
            "_PID": str(pid),
            "MESSAGE": message,
            **fields,
        }
        if self._before is None:
            self._append([(moment, entry)])
        else:
            self._before.append((moment, entry))

    def systemd(
        self,
        unit: str,
        message: str,
        *,
        priority: int = INFO,
        at: float | None = None,
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """What the service manager says about a unit."""
        self.say(unit, message, identifier="systemd", priority=priority, at=at, fields=fields)

    def switched(self, system: str, begun_at: float, ended_at: float, status: int = 0) -> None:
        """What `switch-to-configuration` says of itself (nixpkgs), at its beginning and at its end."""
        ending = f"switching to system configuration {system} failed (status {status})"
        lines = (
            (begun_at, f"switching to system configuration {system}", NOTICE),
            (ended_at, ending if status else f"finished switching to system configuration {system}", NOTICE),
        )
        for at, message, priority in lines:
            self.say("nixos", message, identifier="nixos", pid=4400, priority=priority, at=at, fields={"_UID": "0"})

    def booted(self, kernel: str, at: float) -> None:
        """What the kernel says first."""
        message = f"Linux version {kernel} (nixbld@localhost) #1-NixOS SMP"
        self.say("kernel", message, pid=0, priority=NOTICE, at=at, fields={"_TRANSPORT": "kernel"})

    def publish(self) -> None:
        """Write what was said so far; from now on entries come as they happen."""
        before, self._before = self._before or [], None
        self._append(sorted(before, key=lambda said: said[0]))

    def tail(self, unit: str, count: int) -> list[str]:
        """The last messages of a unit, as `systemctl status` shows them."""
        with self._file.open(encoding="utf-8") as journal:
            entries: list[Entry] = [json.loads(line) for line in journal if f'"{unit}"' in line]
        return [_shown(each) for each in entries[-count:]]

    def _append(self, entries: list[tuple[float, Entry]]) -> None:
        with self._file.open("a", encoding="utf-8") as journal:
            for moment, entry in entries:
                self._written += 1
                numbered = {"__CURSOR": f"s=demo;i={self._written:x}", "_BOOT_ID": self._boot_of(moment), **entry}
                journal.write(json.dumps(numbered, ensure_ascii=False, separators=(",", ":")) + "\n")


def _shown(entry: Entry) -> str:
    who = f"{entry['_HOSTNAME']} {entry['SYSLOG_IDENTIFIER']}[{entry['_PID']}]"
    return f"{entry['SYSLOG_TIMESTAMP']} {who}: {entry['MESSAGE']}"
