"""Hosts that fetch their own system: the command that does it there, and what of it there is to know beforehand."""

from enum import StrEnum
from shlex import join

import msgspec

from nixtui.activation.rollback import Settings
from nixtui.deploys.choice import Action
from nixtui.deploys.objection import Objection
from nixtui.model.generation import Generations
from nixtui.operations.report import Outcome
from nixtui.remote.guard import Order
from nixtui.remote.transport import Script, Transport


class Puller(StrEnum):
    """The program that fetches the system and switches to it."""

    NIXOS_REBUILD = "nixos-rebuild"
    FH = "fh"


class Pull(msgspec.Struct, frozen=True):
    """What a host pulls: a flake for nixos-rebuild, or an output reference on FlakeHub (`org/flake/*#…`) for fh."""

    by: Puller
    reference: str

    def command(self, action: Action) -> str:
        """What root runs on the host."""
        if self.by is Puller.NIXOS_REBUILD:
            return join(["nixos-rebuild", action.value, "--flake", self.reference])
        return f"determinate-nixd login aws && {join(['fh', 'apply', 'nixos', self.reference, action.value])}"

    @property
    def programs(self) -> tuple[str, ...]:
        """What the host must have for it."""
        return ("nixos-rebuild",) if self.by is Puller.NIXOS_REBUILD else ("determinate-nixd", "fh")


async def lacking(transport: Transport, pull: Pull) -> list[str]:
    """The programs that the host lacks, asked as root. Raises a `RemoteError`."""
    text = (
        "PATH=$PATH:/run/current-system/sw/bin; for each in {}; do command -v $each >/dev/null || echo $each; done"
    ).format(" ".join(pull.programs))
    done = await transport.run(Script("programs", text), elevated=True)
    return [each for each in pull.programs if each in done.stdout.split()]


def pull_order(
    pull: Pull, seen: Generations, action: Action, settings: Settings, *, operation: str, operator: str
) -> Order | Objection:
    """The order, or why it cannot be one."""
    if action is Action.BUILD:
        why = "it fetches its system by itself: nothing is built here for it"
        return Objection(why=why, outcome=Outcome.UNCHANGED)
    if pull.by is Puller.FH and action in (Action.TEST, Action.DRY_ACTIVATE):
        return Objection(
            why=f"fh sets the profile for {action.value} as well, so that would last",
            remedy="use --action switch, which goes back when it fails, or boot",
        )
    return Order(
        operation=operation,
        operator=operator,
        new="",
        number=None,
        expect_current=seen.current_system or "",
        expect_profile=seen.profile_system or "",
        revert_after=settings.revert_after,
        activation_timeout=settings.activation_timeout,
        live=action.is_live,
        lasting=action is not Action.TEST,
        pull=pull.command(action),
    )
