"""Is this really the host? Decided from known_hosts alone, whatever StrictHostKeyChecking says."""

import shlex
from typing import Final

import asyncssh

from nixtui.remote.algorithms import choose
from nixtui.remote.destination import SSH_PORT, Destination
from nixtui.remote.errors import BadAnswer, HostKeyChanged, HostKeyUnknown, RemoteError
from nixtui.remote.known_hosts import KnownHosts, KnownKey, Marker
from nixtui.remote.settings import SshSettings
from nixtui.remote.witness import HostKey, KnownLine, Testimony

_RSA: Final = ("rsa-sha2-512", "rsa-sha2-256")
_PLAIN: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    *_RSA,
)
"""ssh's own order, so that an unknown host shows the same fingerprint here as there."""
_OLD_RSA: Final = "ssh-rsa"
"""Signed with SHA-1: only where ssh_config asks for it."""
_CERTIFIED: Final = tuple(name.removesuffix("@openssh.com") + "-cert-v01@openssh.com" for name in _PLAIN)


class HostKeyCheck:
    """What known_hosts says about one destination, and what became of the key that was shown.

    Lines for `[host]:port` come first; lines for the bare name may vouch for a key on another port too, as with ssh,
    but a different key there is none of our business.
    """

    def __init__(self, destination: Destination, known: tuple[KnownKey, ...], portless: tuple[KnownKey, ...]) -> None:
        self._destination = destination
        self._known = known
        self._all = known + portless
        self._revoked = {key.blob: key for key in self._all if key.marker is Marker.REVOKED}
        self._trusted = {key.blob for key in self._all if key.marker is Marker.HOST} - {b""}
        self._authorities = {key.blob for key in self._all if key.marker is Marker.AUTHORITY} - {b""}
        self._shown: asyncssh.SSHKey | None = None
        self._authority: asyncssh.SSHKey | None = None
        self._wants_certificates = bool(self._authorities)

    @classmethod
    async def of(cls, destination: Destination, known_hosts: KnownHosts) -> "HostKeyCheck":
        """Look the destination up in its files."""
        name, files = destination.host_key_name, destination.known_hosts
        has_portless = destination.host_key_alias is None and destination.port != SSH_PORT
        portless = await known_hosts.lookup(files, destination.host.lower()) if has_portless else ()
        return cls(destination, await known_hosts.lookup(files, name), portless)

    @property
    def algorithms(self) -> list[str]:
        """Host key algorithms to ask for: certificates if an authority is known, then types known of this host.

        What ssh_config wants (HostKeyAlgorithms) is taken from these.
        """
        kinds = {key.kind for key in self._all if key.marker is Marker.HOST}
        preferred = [name for name in _PLAIN if name in kinds or (name in _RSA and "ssh-rsa" in kinds)]
        certified = _CERTIFIED if self._wants_certificates else ()
        ours = [*certified, *preferred, *(name for name in _PLAIN if name not in preferred)]
        return choose(self._destination.algorithms.host_keys, [*_CERTIFIED, *_PLAIN, _OLD_RSA], ours)

    @property
    def revoked(self) -> list[asyncssh.SSHKey]:
        """The keys that must be refused whatever vouches for them."""
        return [key for known in self._revoked.values() if (key := _decoded(known)) is not None]

    def trusts_key(self, key: asyncssh.SSHKey) -> bool:
        """Whether known_hosts has this key for this host."""
        self._shown = key
        return key.public_data in self._trusted and key.public_data not in self._revoked

    def trusts_authority(self, key: asyncssh.SSHKey) -> bool:
        """Whether known_hosts has this authority for this host; the certificate itself is checked by asyncssh."""
        self._authority = key
        return key.public_data in self._authorities

    def falls_back(self) -> bool:
        """Whether to try once more without certificates, as ssh does: one was refused, but a plain key is known."""
        if self._authority is None or not self._trusted or not self._wants_certificates:
            return False
        self._authority, self._wants_certificates = None, False
        return True

    def error(self, cause: Exception, settings: SshSettings) -> RemoteError:
        """Why the key was refused, after `cause` (HostKeyNotVerifiable) came from asyncssh."""
        name, shown = self._destination.name, self._shown
        if self._authority is not None:
            return self._certificate_error(self._authority, cause)
        if shown is None:
            return self._revoked_error() if self._revoked else BadAnswer(name, f"its host key cannot be read ({cause})")
        fingerprint = f"{shown.get_algorithm()} {shown.get_fingerprint()}"
        same_kind = [key for key in self._known if key.kind == shown.get_algorithm()]
        old = next((key for key in (*same_kind, *self._known) if key.marker is Marker.HOST), None)
        if old is not None:
            changed = HostKeyChanged(
                name,
                f"THE HOST KEY HAS CHANGED: it shows {fingerprint}, but {old.file} line {old.line} "
                f"has another key ({_fingerprint(old)}). Somebody may be in between",
                f"ask by another way whether the host was set up anew; only then remove line {old.line} of {old.file}",
            )
            changed.shown = self._as_shown(shown)
            return changed
        unknown = HostKeyUnknown(
            name,
            f"its host key {fingerprint} is not in {self._files()}",
            f"compare the fingerprint with the host's own (ssh-keygen -lf on its console), "
            f"then accept it with: {ssh_command(self._destination, settings)}",
        )
        unknown.shown = self._as_shown(shown)
        return unknown

    def _as_shown(self, key: asyncssh.SSHKey) -> HostKey:
        kind, encoded, *_ = key.export_public_key().decode("ascii").split()
        files = self._destination.known_hosts
        others = (each for each in self._known if each.marker is Marker.HOST)
        return HostKey(
            kind=kind,
            encoded=encoded,
            fingerprint=key.get_fingerprint(),
            known_as=self._destination.host_key_name,
            file=str(files[0]) if files else None,
            stale=tuple(KnownLine(str(each.file), each.line, each.encoded) for each in others),
        )

    def _certificate_error(self, authority: asyncssh.SSHKey, cause: Exception) -> RemoteError:
        if authority.public_data in self._revoked:
            return self._revoked_error()
        signed = f"{authority.get_algorithm()} {authority.get_fingerprint()}"
        if authority.public_data in self._authorities:
            return HostKeyUnknown(
                self._destination.name,
                f"its host certificate, signed by {signed}, is not valid: {cause}",
                "have the certificate signed again",
            )
        return HostKeyUnknown(
            self._destination.name,
            f"its host certificate is signed by {signed}, for which {self._files()} has no @cert-authority line",
            "ask whoever runs the authority for its public key",
        )

    def _revoked_error(self) -> HostKeyChanged:
        lines = ", ".join(f"{key.file} line {key.line}" for key in self._revoked.values())
        return HostKeyChanged(
            self._destination.name,
            f"THE HOST KEY IS REVOKED: the key it shows is marked @revoked ({lines}). Somebody may be in between",
            "do not log in; find out who answers at this address",
        )

    def _files(self) -> str:
        return " or ".join(map(str, self._destination.known_hosts)) or "any known_hosts file (none is configured)"


def ssh_command(destination: Destination, settings: SshSettings) -> str:
    """What to type to reach the destination by hand, quoted, and asking before it believes a new key."""
    words = ["ssh", "-o", "StrictHostKeyChecking=ask"]
    if settings.config_files and not settings.config_files[0].endswith(".ssh/config"):
        words += ["-F", settings.config_files[0]]
    if settings.known_hosts:
        quoted = " ".join(f'"{path}"' if " " in str(path) else str(path) for path in destination.known_hosts)
        words += ["-o", f"UserKnownHostsFile={quoted}"]
    if settings.identity_files:
        words += [word for path in destination.identity_files for word in ("-i", str(path))]
    if destination.hops and settings.jump is not None:
        words += ["-J", settings.jump]
    if destination.port != SSH_PORT:
        words += ["-p", str(destination.port)]
    return shlex.join([*words, "-l", destination.user, "--", destination.asked])


def _decoded(known: KnownKey) -> asyncssh.SSHKey | None:
    try:
        return asyncssh.import_public_key(f"{known.kind} {known.encoded}")
    except asyncssh.KeyImportError:
        return None


def _fingerprint(known: KnownKey) -> str:
    key = _decoded(known)
    return f"{known.kind} {key.get_fingerprint()}" if key else f"{known.kind}, unreadable"


def heard(error: HostKeyUnknown | HostKeyChanged, testimony: Testimony) -> HostKeyUnknown | HostKeyChanged:
    """The refusal of a key once a witness was heard. It stays one: a person accepts keys, or nobody does.

    A key that the witness contradicts is no stranger's key any more but a wrong one.
    """
    host, told = error.host, f"{error.reason}; {testimony.words}"
    kind: type[HostKeyUnknown | HostKeyChanged] = type(error)
    remedy = error.remedy
    if testimony.agrees is False:
        kind, remedy = HostKeyChanged, "do not log in: find out who answers at this address"
    elif testimony.agrees:
        remedy = f"nixtui instance trust {shlex.quote(host)} puts it into known_hosts"
    found = kind(host, told, remedy)
    found.shown, found.testimony = error.shown, testimony
    return found
