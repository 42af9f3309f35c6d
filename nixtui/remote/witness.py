"""Somebody who knows host keys by another way than the network: what a cloud read from the machine's own console."""

from typing import Protocol

import msgspec

from nixtui.model.host import Host


class KnownLine(msgspec.Struct, frozen=True):
    """A line of a known_hosts file (from 1) that has another key of the host, by that key's encoding."""

    file: str
    line: int
    encoded: str


class HostKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that a host showed: its type and encoding as in known_hosts, and its fingerprint as ssh prints it.

    known_hosts would have it under the name `known_as`; `file` is where a new key belongs, `None` where no file is
    configured. `stale` are the lines that speak against it.
    """

    kind: str
    encoded: str
    fingerprint: str
    known_as: str
    file: str | None = None
    stale: tuple[KnownLine, ...] = ()


class Testimony(msgspec.Struct, frozen=True):
    """What a witness says, as part of a sentence. `agrees` is `None` where it knows nothing of such a key."""

    agrees: bool | None
    words: str


class Witness(Protocol):
    """Whoever can be asked about the key of a host."""

    async def testify(self, host: Host, key: HostKey) -> Testimony | None:
        """What is known about the key that the host shows; `None` where nobody knows the host. Raises nothing."""
        ...
