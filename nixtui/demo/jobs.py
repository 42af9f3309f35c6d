"""What timers start on demo hosts: backups and housekeeping, when each last ran and how that ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from nixtui.demo.history import DAY_S


@dataclass(frozen=True, slots=True)
class Job:
    """A service that a timer starts every day at `hour` (UTC) and that takes so many seconds.

    `says` are the lines of a good run, `failed_with` those of the last night's, where it went wrong.
    """

    service: str
    description: str
    hour: float
    took_s: float
    says: tuple[str, ...] = ()
    failed_with: tuple[str, ...] = ()

    def last(self, now: float) -> float:
        """When it last began (Unix seconds)."""
        midnight = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        at = midnight + self.hour * 3600
        return at if at + self.took_s < now else at - DAY_S

    def next(self, now: float) -> float:
        """When it begins next."""
        last = self.last(now)
        return last + DAY_S if last + DAY_S > now else last + 2 * DAY_S


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job. Times are Unix seconds."""

    began: float
    ended: float
    is_well: bool


_BORG: Final = (
    'Creating archive at "borg@backup-1:/srv/shop::db-nightly"',
    "Archive fingerprint: 1f0c9a7b",
    "terminating with success status, rc 0",
)
_TIMERS: Final[Mapping[str, Job]] = {
    "logrotate.timer": Job("logrotate.service", "Rotate log files", 0.0, 0.4, ("rotating 14 logs",)),
    "acme-renew-shop.example.timer": Job(
        "acme-renew-shop.example.service",
        "Renew ACME Certificate for shop.example",
        4.6,
        3.0,
        ("no renewal needed yet",),
    ),
    "pgbackrest.timer": Job(
        "pgbackrest.service",
        "Back up PostgreSQL",
        1.5,
        214.0,
        ("P00 INFO: backup command end: completed successfully",),
    ),
    "borgbackup-job-shop.timer": Job("borgbackup-job-shop.service", "BorgBackup job shop", 2.5, 412.0, _BORG),
}
_LAST_NIGHT: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("db-2", "borgbackup-job-shop.service"): (
        'Creating archive at "borg@backup-1:/srv/shop::db-nightly"',
        "Failed to create/acquire the lock /srv/shop/lock.exclusive (timeout).",
        "terminating with error status, rc 2",
    ),
}
"""By host and service: a backup that failed last night."""


def jobs_of(host: str, timers: Iterable[str]) -> dict[str, Job]:
    """The jobs of a host's timers, by the timer's name."""
    found = {}
    for timer in timers:
        if (job := _TIMERS.get(timer)) is not None:
            failed = _LAST_NIGHT.get((host, job.service), ())
            found[timer] = Job(job.service, job.description, job.hour, job.took_s, job.says, failed)
    return found
