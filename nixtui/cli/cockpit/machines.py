"""What EC2 knows of the fleet, asked again and again while the app runs."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nixtui.cli.assembly import Assembly
from nixtui.config.schema import Source
from nixtui.fleet.state import FleetState

if TYPE_CHECKING:
    from nixtui.aws.session import Session
    from nixtui.fleet.inventory import Snapshot
    from nixtui.instances.standing import Survey

EVERY_S = 60.0
"""An instance is replaced within minutes; AWS lets an account describe its instances several times a second."""


class LiveMachines:
    """Keeps `fleet` knowing; `take` gets the inventory anew when instances came or went, `note` what is not told."""

    def __init__(
        self, nixtui: Assembly, fleet: FleetState, take: "Callable[[Snapshot], None]", note: Callable[[str], None]
    ) -> None:
        self._nixtui = nixtui
        self._fleet = fleet
        self._take = take
        self._note = note
        self._listed: dict[str, tuple[str | None, str, str]] | None = None

    async def run(self) -> None:
        """Until cancelled; ends at once where nothing of the fleet has to do with EC2."""
        source = Source.EC2.value
        follows = source in self._nixtui.inventory.source_names
        if not follows and not any(host.instance for host in self._fleet.hosts().values()):
            return
        while True:
            found = await self._ask()
            if found is not None and self._has_changed(found) and follows:
                await self._nixtui.inventory.ask_again(source, self._take)
            await asyncio.sleep(EVERY_S)

    async def _ask(self) -> "Survey | None":
        """What is not told stays as it was known, and is asked again; the inventory says what went wrong."""
        from nixtui.instances.machines import machines, survey_fleet, troubles

        ec2, hosts = self._nixtui.configuration.ec2, tuple(self._fleet.hosts().values())
        logins = self._nixtui.ec2.logins

        async def regions(session: "Session") -> Sequence[str]:
            return (ec2.regions or (await session.region(),)) if ec2 is not None else ()

        found = await survey_fleet(logins, regions, ec2.filters if ec2 is not None else {}, hosts)
        ends, which = await logins.soonest_end()
        self._fleet.login_ends = (ends, which) if ends is not None else None
        if found.problems and not found.regions:  # nobody could be asked anything
            return None
        lasting = [each for each in found.problems if each[1] != "instances" and not each[2].may_pass]
        if logins.several:
            lasting = [each for each in lasting if not each[2].is_of_login]
        for trouble in troubles(lasting, several=bool(logins.several)):  # of instances themselves the inventory speaks
            self._note(trouble)
        known = [machine for name in self._fleet.names() if (machine := self._fleet.machine(name))]
        stay = [machine for machine in known if found.is_blind(machine.login, machine.instance.region)]
        self._fleet.set_machines([*stay, *machines(found)])
        return found

    def _has_changed(self, found: "Survey") -> bool:
        """Whether other instances, or other names of them, are there than the last time."""
        instances = [each.instance for each in found.standings]
        now = {each.identity: (each.login, each.region, each.name) for each in instances}
        before, self._listed = self._listed, now
        if before is None:
            known = {host.instance.identity for host in self._fleet.hosts().values() if host.instance}
            return not now.keys() <= known
        now.update({identity: told for identity, told in before.items() if found.is_blind(*told[:2])})
        return before != now
