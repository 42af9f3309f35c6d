"""What the app may ask of machine images at AWS."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from nixtui.model.binned import Bin, Binned
from nixtui.model.image import Catalogue, Image
from nixtui.model.image_drift import ImageDrift
from nixtui.operations.plan import Plan


class Images(Protocol):
    """One property of the facade (`Cockpit.images`). Everything here asks AWS, and raises what people read."""

    def words_to_log_in(self, profile: str | None) -> Sequence[str]:
        """The command that logs in again, as `profile` or as the only one there is; raises what people read."""
        ...

    async def catalogue(self, owner: str) -> Catalogue:
        """The images of an owner (`self`, or an account), in every login and region; one that fails hides no other."""
        ...

    async def uses(self, image: Image) -> Sequence[str]:
        """What would break without it, each use as a sentence; also what could not be asked."""
        ...

    async def drift(self, images: Sequence[Image], *, exactly: bool = False) -> Mapping[str, ImageDrift]:
        """How each stands to the flake, by its key: at a glance, or `exactly` by evaluating, which takes long.

        Nothing where there is no flake.
        """
        ...

    async def plan_copy(self, image: Image, regions: Sequence[str]) -> Plan:
        """The plan to copy it into other regions."""
        ...

    async def plan_share(self, image: Image, whom: Sequence[str]) -> Plan:
        """The plan to let accounts (twelve digits), organisations (an ARN) or everybody (`public`) use it."""
        ...

    async def plan_deprecate(self, images: Sequence[Image], after: str) -> Plan:
        """The plan to have others no longer find them from so long on (`90d`)."""
        ...

    async def plan_retire(self, images: Sequence[Image]) -> Plan:
        """The plan to deregister them and delete their snapshots; refused where something uses one."""
        ...

    async def bin(self) -> Bin:
        """What lies in the recycle bin, in every region at once; one that fails hides no other."""
        ...

    async def plan_restore(self, binned: Sequence[Binned]) -> Plan:
        """The plan to have them back, an image with its snapshots."""
        ...
