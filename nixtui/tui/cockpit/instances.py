"""What the app may ask of instances at EC2."""

from collections.abc import Sequence
from typing import Protocol

from nixtui.aws.console_output import ConsoleOutput
from nixtui.instances.doors import Door
from nixtui.instances.offers import LaunchWish, Offers
from nixtui.instances.recovering import Playbook
from nixtui.instances.refreshing import Refresh, Rollout
from nixtui.instances.standing import Group, Instances, Standing
from nixtui.model.image import Image
from nixtui.operations.plan import Plan


class InstanceWork(Protocol):
    """One property of the facade (`Cockpit.instances`). Everything here asks AWS, and raises what people read."""

    async def survey(self) -> Instances:
        """Every instance that is not gone, in every region at once; a region that fails hides no other."""
        ...

    async def doors(self, standing: Standing) -> Sequence[Door]:
        """The ways into an instance, those that can work first."""
        ...

    async def console(self, standing: Standing) -> ConsoleOutput:
        """What it wrote on its console."""
        ...

    def session_words(self, standing: Standing, door: str | None) -> Sequence[str]:
        """The command that asks and then opens a session, by the named door or the first that works."""
        ...

    async def session(self, words: Sequence[str], *, stay: bool = False) -> int:
        """Run that on our own terminal, which has to be free; its exit status, once somebody has read how it ended.

        With `stay` also where it ended well.
        """
        ...

    async def playbooks(self, standing: Standing) -> Sequence[Playbook]:
        """What gets an instance back, for each kind of breakage, the mildest step first."""
        ...

    def step_words(self, command: str) -> Sequence[str]:
        """The command of a step as it is started from here."""
        ...

    async def refresh(self, group: Group) -> Refresh | None:
        """The newest refresh of a group; `None` where there never was one."""
        ...

    async def images(self, region: str, login: str | None = None) -> Sequence[Image]:
        """Own images that a login has in a region, newest first."""
        ...

    async def offers(self, image: Image) -> Offers:
        """What one can launch the image with, as far as that may be asked."""
        ...

    async def plan_act(self, word: str, standings: Sequence[Standing]) -> Plan:
        """The plan to `start`, `stop`, `reboot` or `terminate` them."""
        ...

    async def plan_launch(self, wish: LaunchWish) -> Plan:
        """The plan to start an instance from an image, with the traps of its user data."""
        ...

    async def plan_roll(self, wish: Rollout) -> Plan:
        """The plan to roll a group onto an image, with the verdict on going back."""
        ...

    async def plan_end_roll(self, group: Group, *, back: bool) -> Plan:
        """The plan to end the refresh that runs: where it is, or by taking it back."""
        ...
