"""An AMI as it is known from one region."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """One AMI in one region; times are Unix seconds.

    `visibility` is `private`, `shared` or `public`. `revision` and `store_path` come from the tags that nixtui gives.
    `gib` is the size of the root volume. `login` is the AWS profile by which it was seen, where that has a name, and
    `account` the account of that login, which need not be the owner's.
    """

    identity: str
    name: str
    region: str
    state: str
    architecture: str | None = None
    created_at: float | None = None
    deprecated_at: float | None = None
    gib: int | None = None
    visibility: str = "private"
    owner: str | None = None
    revision: str | None = None
    store_path: str | None = None
    snapshots: tuple[str, ...] = ()
    boot_mode: str | None = None
    protected: bool = False
    tpm: bool = False
    login: str | None = None
    account: str | None = None
    tags: Mapping[str, str] = MappingProxyType({})

    @property
    def key(self) -> str:
        """`prod/eu-central-1/ami-0…`: no other image of any login and region has it."""
        return "/".join(part for part in (self.login, self.region, self.identity) if part)


class RegionTrouble(msgspec.Struct, frozen=True):
    """A region, or a login, that did not tell, and what to do about it."""

    region: str
    reason: str
    remedy: str | None = None


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """The images of an owner, newest first, as far as regions told.

    `logins` are named where there are several, and `ends_first` is the one of them that `expires_at` is about.
    """

    images: tuple[Image, ...]
    regions: tuple[str, ...]
    troubles: tuple[RegionTrouble, ...] = ()
    expires_at: float | None = None
    """When the login ends (Unix seconds), where it does."""
    logins: tuple[str, ...] = ()
    ends_first: str | None = None
