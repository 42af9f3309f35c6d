"""The keys of a hive's node: read here when it is their turn, put on the host as Colmena does, forgotten."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from nixtui.nix.colmena import HiveKey, UploadAt
from nixtui.remote.keys import Place, upload
from nixtui.remote.transport import Transport

Values = Callable[[str], Awaitable[Mapping[str, bytes]]]
"""Reads the value of every key of a host, by the key's name in the hive. Raises `NixError`."""


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The keys of one host with their values, which are in memory for as long as its activation takes."""

    keys: Mapping[str, HiveKey]
    values: Mapping[str, bytes] = field(repr=False)

    async def upload(self, transport: Transport, when: UploadAt) -> list[str]:
        """Put those on the host whose turn it is; a sentence for each that is new there. Raises a `RemoteError`.

        Before an activation the owner may not be there yet; after it, it has to be.
        """
        told = []
        for attribute, key in self.keys.items():
            if key.upload_at is not when:
                continue
            place = Place(key.path, key.user, key.group, key.permissions, when is UploadAt.POST_ACTIVATION)
            done = await upload(transport, place, self.values[attribute])
            if done.unowned is not None:
                told.append(f"key {key.name} belongs to root for now: the host has no {done.unowned} yet")
            elif done.changed:
                told.append(f"key {key.name} is new in {key.path}")
        return told


def shown(key: HiveKey) -> str:
    """What a plan says of a key: where it goes and whose it will be, and nothing of what is in it."""
    return f"{key.path} ({key.permissions}, {key.user}:{key.group}, {key.upload_at.value})"
