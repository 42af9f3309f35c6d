"""Where a connection goes and how: every question answered by nixtui.toml, else ssh_config, else ssh's defaults."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nixtui.model.host import Host
from nixtui.remote.errors import Unreachable
from nixtui.remote.settings import SshSettings
from nixtui.remote.ssh_config import Asked, SshConfig, expand_home, expand_tokens, tokens

SSH_PORT: Final = 22
DEFAULT_IDENTITIES: Final = ("id_rsa", "id_ecdsa", "id_ed25519")
"""What ssh tries without IdentityFile, in its order; keys on security tokens work through the agent only."""
_DEFAULT_KNOWN_HOSTS: Final = ("known_hosts", "known_hosts2")
_GLOBAL_KNOWN_HOSTS: Final = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_FAMILIES: Final = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
_UNSAFE: Final = re.compile(r"^-|^$|[\s'`$\"\\;&<>|(){}\x00-\x1f\x7f]")
"""What OpenSSH refuses in host and user names since 9.6: they may end up in ProxyCommand's shell."""
_HOP: Final = re.compile(r"(?:ssh://)?(?:(?P<user>[^@]+)@)?(?:\[(?P<v6>[^]]+)\]|(?P<host>[^:@]+))(?::(?P<port>\d+))?/?")


@dataclass(frozen=True, slots=True)
class Hop:
    """One jump host as `ssh -J` names it."""

    address: str
    user: str | None
    port: int | None


@dataclass(frozen=True, slots=True)
class Algorithms:
    """What ssh_config demands of the handshake, in its notation (`+`, `-`, `^`, commas); `None` is our own choice."""

    kex: str | None = None
    ciphers: str | None = None
    macs: str | None = None
    host_keys: str | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """One end of an SSH connection, as `ssh -G` would describe it.

    `name` is what people call it (a host of the fleet, or a jump host); `asked` is what `ssh` would be given on its
    command line, `host` the address or DNS name that this leads to. `hops` are passed in their order.
    `agent` is the path of its socket. With `identities_only` the agent's other keys are not offered.
    """

    name: str
    asked: str
    host: str
    port: int
    user: str
    identity_files: tuple[Path, ...]
    certificate_files: tuple[Path, ...]
    identities_only: bool
    agent: str | None
    hops: tuple[Hop, ...]
    proxy_command: str | None
    known_hosts: tuple[Path, ...]
    host_key_alias: str | None
    algorithms: Algorithms
    compression: bool
    bind_address: str | None
    family: int

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def host_key_name(self) -> str:
        """How known_hosts files call it: the alias as it is, else the name, with the port unless it is 22."""
        if self.host_key_alias is not None:
            return self.host_key_alias
        return self.host.lower() if self.port == SSH_PORT else f"[{self.host.lower()}]:{self.port}"


class Resolver:
    """Answers where a host's connection goes; the environment and the home directory are the operator's."""

    def __init__(self, settings: SshSettings, config: SshConfig, environ: Mapping[str, str], home: Path) -> None:
        self._settings = settings
        self._config = config
        self._environ = environ
        self._home = home

    @property
    def is_slow(self) -> bool:
        """Whether answering runs commands (`Match exec`)."""
        return self._config.runs_commands

    def host(self, host: Host) -> Destination:
        """The way to a host of the fleet. Raises `Unreachable` for names that no host can have."""
        return self._resolve(host.name, Hop(host.address, host.user, host.port), self._settings.jump)

    def hop(self, hop: Hop, through: tuple[Hop, ...]) -> Destination:
        """The way to a jump host; the first of several goes its own way, the others go `through` those before."""
        return self._resolve(hop.address, hop, None, through)

    def _resolve(self, name: str, asked_for: Hop, jump: str | None, through: tuple[Hop, ...] = ()) -> Destination:
        for value in (asked_for.address, asked_for.user):
            if value is not None and _UNSAFE.search(value):
                raise Unreachable(name, f"{value!r} is not a name that SSH accepts", "correct the inventory")
        asked = self._ask(asked_for)
        values = tokens(asked, self._home)
        hops = through or self._hops(name, asked, jump)
        proxy_command = asked.first("proxycommand")
        uses_command = not hops and proxy_command is not None and proxy_command.lower() != "none"
        return Destination(
            name=name,
            asked=asked_for.address,
            host=asked.hostname,
            port=_port(asked),
            user=asked.user,
            identity_files=self._identity_files(asked, values),
            certificate_files=self._files(asked, "certificatefile", values),
            identities_only=asked.first("identitiesonly") == "yes",
            agent=self._agent(asked, values),
            hops=hops,
            proxy_command=expand_tokens(proxy_command, values) if uses_command and proxy_command else None,
            known_hosts=self._known_hosts(asked, values),
            host_key_alias=asked.first("hostkeyalias"),
            algorithms=Algorithms(
                asked.first("kexalgorithms"),
                asked.first("ciphers"),
                asked.first("macs"),
                asked.first("hostkeyalgorithms"),
            ),
            compression=asked.first("compression") == "yes",
            bind_address=asked.first("bindaddress"),
            family=_FAMILIES.get(asked.first("addressfamily") or "", socket.AF_UNSPEC),
        )

    def _hops(self, name: str, asked: Asked, jump: str | None) -> tuple[Hop, ...]:
        """The jump hosts; one that is the host itself is left out, so that `Host *` may name it."""
        text = jump if jump is not None else asked.first("proxyjump")
        if text is None or text.lower() == "none":
            return ()
        hops = tuple(_parse_hop(name, part) for part in text.split(","))
        if any(_place(self._ask(hop)) == _place(asked) for hop in hops):
            return ()
        self._follow(name, hops[0], frozenset({_place(asked)}))
        return hops

    def _follow(self, name: str, first: Hop, passed: frozenset[tuple[str, int]]) -> None:
        """The first jump host goes its own way, perhaps through others: see that it comes to an end."""
        asked = self._ask(first)
        if _place(asked) in passed:
            raise Unreachable(name, f"its jump hosts lead in a circle through {first.address}", "correct ProxyJump")
        text = asked.first("proxyjump")
        if text is not None and text.lower() != "none":
            following = _parse_hop(name, text.split(",")[0])
            if _place(self._ask(following)) != _place(asked):
                self._follow(name, following, passed | {_place(asked)})

    def _ask(self, hop: Hop) -> Asked:
        return self._config.lookup(hop.address, hop.user, hop.port)

    def _identity_files(self, asked: Asked, values: Mapping[str, str]) -> tuple[Path, ...]:
        if self._settings.identity_files:
            return tuple(expand_home(file, self._home) for file in self._settings.identity_files)
        if "identityfile" in asked.values:
            return self._files(asked, "identityfile", values)
        return tuple(self._home / ".ssh" / name for name in DEFAULT_IDENTITIES)

    def _known_hosts(self, asked: Asked, values: Mapping[str, str]) -> tuple[Path, ...]:
        if self._settings.known_hosts:
            return tuple(expand_home(file, self._home) for file in self._settings.known_hosts)
        user = self._files(asked, "userknownhostsfile", values)
        if "userknownhostsfile" not in asked.values:
            user = tuple(self._home / ".ssh" / name for name in _DEFAULT_KNOWN_HOSTS)
        system = self._files(asked, "globalknownhostsfile", values)
        if "globalknownhostsfile" not in asked.values:
            system = tuple(map(Path, _GLOBAL_KNOWN_HOSTS))
        return user + system

    def _files(self, asked: Asked, keyword: str, values: Mapping[str, str]) -> tuple[Path, ...]:
        words = asked.values.get(keyword, ())
        return tuple(self._path(word, values) for word in words if word.lower() != "none")

    def _path(self, word: str, values: Mapping[str, str]) -> Path:
        """A path of ssh_config: `~`, percent tokens and `${VARIABLE}`."""
        known = re.sub(r"\$\{(\w+)\}", lambda found: self._environ.get(found[1], found[0]), word)
        return expand_home(expand_tokens(known, values), self._home)

    def _agent(self, asked: Asked, values: Mapping[str, str]) -> str | None:
        word = asked.first("identityagent") or "SSH_AUTH_SOCK"
        if word == "SSH_AUTH_SOCK":
            return self._environ.get(word) or None
        if word.lower() == "none":
            return None
        if re.fullmatch(r"\$\w+", word):
            return self._environ.get(word[1:]) or None
        return str(self._path(word, values))


def _port(asked: Asked) -> int:
    text = asked.first("port") or ""
    return int(text) if text.isdecimal() else SSH_PORT


def _place(asked: Asked) -> tuple[str, int]:
    return asked.hostname, _port(asked)


def _parse_hop(name: str, text: str) -> Hop:
    found = _HOP.fullmatch(text.strip())
    if found is None:
        raise Unreachable(name, f"{text!r} is not a jump host", "write it as [user@]host[:port]")
    return Hop(found["v6"] or found["host"], found["user"], int(found["port"]) if found["port"] else None)
