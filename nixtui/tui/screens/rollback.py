"""The rollback dialog: where each host would go, what changes on the way, and what would restart."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from textual import on

from nixtui.tui import proposal as proposing
from nixtui.tui.actions import Scope
from nixtui.tui.inquiry import find_commits, find_diff, find_plan, find_preview, hosts_alike
from nixtui.tui.messages import RowMoved
from nixtui.tui.notices import Level
from nixtui.tui.paint import Line
from nixtui.tui.proposal import Proposal
from nixtui.tui.screens.confirming import Confirming, environments, seen
from nixtui.tui.session import Session

RESTS_AFTER_S = 0.3
"""A cursor that rests this long is looked at; one that flies past ten hosts asks none of them."""


class RollbackDialog(Confirming):
    """A rollback to one target, for each host its own generation."""

    scopes = (Scope.ROLLBACK, Scope.PLAN)

    def __init__(
        self,
        session: Session,
        names: Sequence[str],
        target: str,
        own: Mapping[str, str] | None = None,
        action: str = "switch",
    ) -> None:
        self.proposal = _propose(session, tuple(names), target, own or {}, action)
        super().__init__(session, self.proposal)

    @property
    def verb(self) -> str:
        """What the choice is called that starts it."""
        return proposing.VERBS[self.proposal.action]

    @property
    def heading(self) -> str:
        """`Roll back web-12`, `Roll back 12 hosts`."""
        return proposing.title(self.proposal)

    async def find_out(self) -> None:
        """The plan, then for one host what changes and what would restart, both at once."""
        proposal = self.proposal
        await find_plan(self.session, proposal)
        self.show()
        await self._find_differences(proposal)

    async def _find_differences(self, proposal: Proposal) -> None:
        if proposal.only is None or proposal.only.refused is not None:
            return
        finders = [find_diff, find_commits] if proposal.action == "boot" else [find_diff, find_commits, find_preview]
        async with asyncio.TaskGroup() as group:
            for find in finders:
                group.create_task(find(self.session, proposal)).add_done_callback(lambda _: self.show())

    @on(RowMoved)
    def _moved(self, event: RowMoved) -> None:
        """Of many, what changes on the one that the cursor rests on is found out."""
        event.stop()
        proposal = self.proposal
        if len(proposal.names) > 1 and event.key is not None:
            proposal.cursor = event.key
            self.set_timer(RESTS_AFTER_S, lambda: self._look_closer(proposal, event.key))

    def _look_closer(self, proposal: Proposal, name: str) -> None:
        """Unless the cursor has gone on, or it was looked at before."""
        target = self._target(name)
        if self.proposal is not proposal or proposal.cursor != name or target is None:
            return
        if name not in proposal.closer:
            proposal.closer[name] = proposal.alone(target)
            self.in_background(
                partial(self._find_differences, proposal.closer[name]), group=f"closer-{name}", doing="Comparing"
            )
        self.show()

    def text(self, cells: int, now: float) -> list[Line]:
        """What would change, or all packages."""
        return proposing.lines(self.proposal, cells, now)

    def command(self) -> Sequence[str]:
        """The same without a screen."""
        proposal = self.proposal
        if len(set(proposal.own.values())) > 1:
            return ()  # the hosts go to different generations, which no one command says
        action = () if proposal.action == "switch" else ("--action", proposal.action)
        return ("nixtui", "rollback", *proposal.names, "--to", proposal.target, *action)

    def widen(self) -> None:
        """The same for every host of the environment that runs the same revision; the proposal is made anew."""
        same = hosts_alike(self.session, self.proposal)
        if len(same) < 2:
            self.session.say(Level.INFO, "No other host of this environment runs the same revision.")
            return
        self.forget_typed()
        target = proposing.for_others(self.proposal)
        self.draft = self.proposal = _propose(self.session, same, target, {}, self.proposal.action)
        self.show()
        self.inquire()


def _propose(session: Session, names: tuple[str, ...], target: str, own: Mapping[str, str], action: str) -> Proposal:
    known = session.knowledge.known_generations(names[0]) if len(names) == 1 else None
    return Proposal(
        names=names,
        environments=environments(session, names),
        seen=seen(session, names),
        asked_at=session.cockpit.clock(),
        target=target,
        own=own,
        action=action,
        generations=known,
    )
