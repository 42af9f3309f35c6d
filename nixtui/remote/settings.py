"""What the operator configured about SSH; everything left out is decided by ssh_config and its defaults."""

from enum import StrEnum

import msgspec


class ElevationMode(StrEnum):
    """How a login that is not root becomes root. The values are those of `elevate` in nixtui.toml."""

    NONE = "none"
    SUDO = "sudo"
    RUN0 = "run0"


class SshSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The `[ssh]` section, for the whole fleet. Paths may begin with `~`; times are seconds.

    `config_files` come in order of precedence, the operator's own before the machine's, as ssh reads them.
    `known_hosts`, `identity_files` and `jump` win over ssh_config where they are given (not empty, not `None`).
    `jump` is what `ssh -J` takes: `[user@]host[:port]`, several joined by commas.
    """

    config_files: tuple[str, ...] = ("~/.ssh/config", "/etc/ssh/ssh_config")
    known_hosts: tuple[str, ...] = ()
    identity_files: tuple[str, ...] = ()
    jump: str | None = None
    elevate: ElevationMode = ElevationMode.NONE
    connect_timeout: float = 10.0
    keepalive_interval: float = 15.0
