"""What switching a host to a system would do, found out without doing it."""

import msgspec


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `PATH/bin/switch-to-configuration dry-activate`, and what NixOS does not say itself.

    Units are those that would be stopped, started, and so on; `not_stopped` have changed and would go on running as
    they are. `said` is every other line, for people (sops-nix tells here which secrets would change). Unless
    `exit_code` is 0 the lists are not the whole truth; 11 is another activation that holds NixOS's lock.

    `inhibitors` are reasons, one sentence each, why this must not be switched to live but booted into.
    `reboot_reason` says what of the new system only a reboot brings; `reboot_needed` is `None` when unknown.
    """

    path: str
    exit_code: int
    stopped: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    reloaded: tuple[str, ...] = ()
    not_stopped: tuple[str, ...] = ()
    restarts_systemd: bool = False
    said: tuple[str, ...] = ()
    reboot_needed: bool | None = None
    reboot_reason: str | None = None
    inhibitors: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """True when dry-activate ran to its end."""
        return self.exit_code == 0

    @property
    def touches_units(self) -> bool:
        """True when any unit would be stopped, started, restarted or reloaded."""
        return bool(self.stopped or self.started or self.restarted or self.reloaded)
