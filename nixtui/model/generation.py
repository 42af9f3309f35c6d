"""Generations of the system profile."""

import msgspec

from nixtui.model.status import ActivationLock


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One generation of `/nix/var/nix/profiles/system` on one host.

    `created_at` is when the profile link was made (Unix seconds, the host's clock). `path` is the toplevel in
    the store, or what wraps it there: a profile of deploy-rs has programs of its own beside the toplevel, which is
    `wrapped` then. `path_exists` is false when it is gone, which makes the generation no target. The four marks are
    independent: a host may run one, have booted another and boot a third next; `boot_default` is `None` where
    the boot loader's files could not be read. `pinned` when somebody wants its system kept whatever is cleared up.
    """

    number: int
    created_at: float | None
    path: str
    wrapped: str | None = None
    path_exists: bool = True
    nixos_version: str | None = None
    kernel: str | None = None
    configuration_revision: str | None = None
    specialisations: tuple[str, ...] = ()
    running: bool = False
    booted: bool = False
    profile: bool = False
    boot_default: bool | None = None
    pinned: bool = False

    @property
    def system(self) -> str:
        """The toplevel: what `/run/current-system` is once this generation runs."""
        return self.wrapped or self.path


class Generations(msgspec.Struct, frozen=True, kw_only=True):
    """All generations of a host, newest first, with the links they are marked by.

    `clock` is the host's clock (Unix seconds) when it was asked: `@2h` counts back from it. `switched_at` is when the
    profile was last pointed somewhere. A running system that is no generation (its link was deleted, or it was only
    tested) is in `current_system` and nowhere in `items`. `pins` are the systems that are pinned, generations or not.
    `lock` is the operation that is changing the host at this moment; one that a crash left behind is none.
    """

    items: tuple[Generation, ...]
    current_system: str | None
    booted_system: str | None
    profile_system: str | None
    boot_default: str | None
    clock: float
    switched_at: float | None = None
    pins: tuple[str, ...] = ()
    lock: ActivationLock | None = None

    def with_number(self, number: int) -> Generation | None:
        """The generation of that number, if the host still has it."""
        return next((each for each in self.items if each.number == number), None)

    @property
    def running(self) -> Generation | None:
        """The generation whose system runs now; where several share it the profile's, else the newest."""
        profile = self.profile
        if profile is not None and profile.running:
            return profile
        return next((each for each in self.items if each.running), None)

    @property
    def profile(self) -> Generation | None:
        """The generation the profile link points to."""
        return next((each for each in self.items if each.profile), None)

    @property
    def profile_runs(self) -> str | None:
        """The toplevel that runs once the profile's generation does: `profile_system`, or what that wraps."""
        profile = self.profile
        return profile.system if profile is not None else self.profile_system
