"""Timers of systemd, and the jobs they start: backups first of all."""

import msgspec


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """A timer with the unit it starts. Times are Unix seconds by the host's clock, `None` for never or unknown.

    `timer` is `None` for a job that no timer starts. `result` is systemd's word for how the last run ended (`success`,
    `exit-code`, `timeout`, …); `None` when it has not run since the boot, which forgets it. `last` is when the timer
    last elapsed, which some remember over reboots, or else when the unit last started.
    """

    unit: str
    timer: str | None = None
    description: str = ""
    last: float | None = None
    next: float | None = None
    result: str | None = None
    exit_status: int | None = None
    running: bool = False
    took_s: float | None = None
    enabled: bool = True

    @property
    def is_backup(self) -> bool:
        """A backup, by its name: `borgbackup-job-*` and `restic-backups-*` of NixOS, and what people call one."""
        return any(word in self.unit for word in ("backup", "restic", "borg", "pgdump", "snapshot"))

    @property
    def is_failed(self) -> bool:
        """Its last run did not end well."""
        return self.result not in (None, "success") and not self.running

    @property
    def title(self) -> str:
        """The job's name without the suffix."""
        return (self.timer or self.unit).removesuffix(".timer").removesuffix(".service")


class Timers(msgspec.Struct, frozen=True, kw_only=True):
    """All timers of a host: failed ones first, then backups, then what is next. `clock` is the host's."""

    items: tuple[Timer, ...]
    clock: float

    @property
    def failed(self) -> tuple[Timer, ...]:
        """Those whose last run did not end well."""
        return tuple(each for each in self.items if each.is_failed)
