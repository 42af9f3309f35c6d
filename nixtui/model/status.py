"""How a host is now, as far as it was seen: the live half of the fleet view."""

from enum import StrEnum

import msgspec


class HostState(StrEnum):
    """What can be said about a host in one word. The values are part of `status --json`."""

    CONNECTING = "connecting"
    UP = "up"
    DEGRADED = "degraded"
    UNREACHABLE = "unreachable"
    AUTH_FAILED = "auth_failed"
    HOST_KEY_CHANGED = "host_key_changed"
    HOST_KEY_UNKNOWN = "host_key_unknown"

    @property
    def is_answering(self) -> bool:
        """True when the host's own values are current."""
        return self in (HostState.UP, HostState.DEGRADED)

    @property
    def is_problem(self) -> bool:
        """True when somebody should look."""
        return self not in (HostState.UP, HostState.CONNECTING)


class Memory(msgspec.Struct, frozen=True):
    """Bytes. `available` is the kernel's own estimate (MemAvailable)."""

    total: int
    available: int
    swap_total: int = 0
    swap_free: int = 0

    @property
    def used_fraction(self) -> float:
        """Between 0 and 1."""
        return 1 - self.available / self.total if self.total else 0.0


NEARLY_FULL = 0.95
"""From this share on builds and activations start to fail for want of room."""


class DiskUse(msgspec.Struct, frozen=True):
    """One mounted file system, in bytes, as `df` counts (used and available to everybody)."""

    mount: str
    used: int
    available: int

    @property
    def used_fraction(self) -> float:
        """Between 0 and 1, as df's own percentage: reserved blocks count as neither."""
        size = self.used + self.available
        return self.used / size if size else 0.0

    @property
    def is_nearly_full(self) -> bool:
        """True when somebody should make room before it is needed."""
        return self.used_fraction >= NEARLY_FULL


class ActivationLock(msgspec.Struct, frozen=True):
    """Somebody's nixtui is changing this host: who, with which operation, since when (Unix seconds)."""

    operation: str
    operator: str
    since: float


class HostFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a host says about itself (`remote/scripts/probe.sh`). `None` is unknown, never zero.

    System links are store paths; `profile_wraps` is the system inside a profile that is not the system itself (those of
    deploy-rs). Times are Unix seconds by the host's own clock; `clock` is that clock
    when it was last read. `load` is the 1, 5 and 15 minute averages. `failed_units` names 32 at most;
    `failed_at` is the uptime at which the first of them failed.
    `lock_deadline` is the uptime at which a host that is armed goes back by itself.
    `secrets_generation` is `sops:12`, `agenix:3` or both: the directory that secrets were last decrypted into.
    """

    current_system: str | None = None
    booted_system: str | None = None
    profile_system: str | None = None
    profile_wraps: str | None = None
    generation: int | None = None
    generations: int | None = None
    switched_at: float | None = None
    nixos_version: str | None = None
    configuration_revision: str | None = None
    kernel_running: str | None = None
    kernel_current: str | None = None
    reboot_needed: bool | None = None
    reboot_reason: str | None = None
    systemd_state: str | None = None
    failed_units: tuple[str, ...] | None = None
    failed_at: float | None = None
    load: tuple[float, float, float] | None = None
    memory: Memory | None = None
    disks: tuple[DiskUse, ...] | None = None
    uptime_s: float | None = None
    boot_id: str | None = None
    clock: float | None = None
    lock: ActivationLock | None = None
    lock_deadline: float | None = None
    leftovers: tuple[str, ...] = ()
    secrets_generation: str | None = None

    def disk(self, mount: str) -> DiskUse | None:
        """The file system mounted at `mount`, if the host has one there."""
        return next((disk for disk in self.disks or () if disk.mount == mount), None)

    @property
    def fullest_disk(self) -> DiskUse | None:
        """The file system that has the least room for its size: the one that will stop the host first."""
        return max(self.disks or (), key=lambda disk: disk.used_fraction, default=None)


class HostStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A host's state with its reason, since when, and the last facts seen, which stay when the host is gone.

    `remedy` is what to do about the reason, where that is known (the key's fingerprint and how to accept it).
    `since` is when the state began: for failed units as the host has it, otherwise as it was seen. `observed_at` is
    when the facts were last confirmed, `booted_at` when the host booted. All are Unix seconds by the operator's clock,
    `None` for never.
    """

    state: HostState = HostState.CONNECTING
    reason: str | None = None
    remedy: str | None = None
    since: float | None = None
    observed_at: float | None = None
    booted_at: float | None = None
    facts: HostFacts = HostFacts()

    @property
    def is_problem(self) -> bool:
        """True when somebody should look at the host: what `is:problem` means and the header counts."""
        return self.state.is_problem or bool(self.facts.failed_units) or self.is_drifting

    @property
    def is_drifting(self) -> bool:
        """What runs is not what the profile says: somebody tested, or a switch was cut off."""
        facts = self.facts
        known = facts.current_system is not None and facts.profile_system is not None
        return known and facts.current_system not in (facts.profile_system, facts.profile_wraps)
