"""What lies in the recycle bin of EC2: an image or a snapshot that was removed and can be had back for some days."""

import msgspec

from nixtui.model.image import RegionTrouble


class Binned(msgspec.Struct, frozen=True, kw_only=True):
    """One image or snapshot in the bin of one region; times are Unix seconds.

    `gone_at` is when it is gone for good. `snapshots` are those of an image that lie in the bin as well, as far as
    their descriptions tell: an image can be restored only once its snapshots are. `login` is the profile that told.
    """

    identity: str
    region: str
    name: str | None = None
    description: str | None = None
    entered_at: float | None = None
    gone_at: float | None = None
    snapshots: tuple[str, ...] = ()
    login: str | None = None

    @property
    def is_image(self) -> bool:
        """An image rather than a snapshot."""
        return self.identity.startswith("ami-")

    @property
    def kind(self) -> str:
        """`image` or `snapshot`."""
        return "image" if self.is_image else "snapshot"

    @property
    def called(self) -> str:
        """The name of an image, what a snapshot is described as, else the id."""
        return self.name or self.description or self.identity

    @property
    def key(self) -> str:
        """`eu-central-1/ami-0…`: nothing else of any region has it."""
        return f"{self.region}/{self.identity}"


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """The recycle bins of some regions, what goes first first, as far as regions told."""

    binned: tuple[Binned, ...]
    regions: tuple[str, ...]
    troubles: tuple[RegionTrouble, ...] = ()
