"""The activations that a deploy means on one host: its system's, and those of a node's profiles beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from nixtui.activation.rollback import Settings
from nixtui.deploys.choice import Action
from nixtui.deploys.objection import Objection
from nixtui.deploys.preflight import Candidate
from nixtui.deploys.profiles import CustomProfile
from nixtui.nix.deploy_rs import DeployProfile
from nixtui.nix.wanted import SYSTEM_PROFILE
from nixtui.operations.report import Outcome
from nixtui.remote.guard import Finding, Order


@dataclass(frozen=True, slots=True)
class Leg:
    """One activation under the guard; `profile` is `system`, or the name of one beside it."""

    profile: str
    order: Order

    @property
    def is_system(self) -> bool:
        """Whether it is the system's own."""
        return self.order.link is None


def order_of(candidate: Candidate) -> Sequence[str]:
    """The profiles of a host in the order they are deployed in; most hosts have the system's alone."""
    return candidate.wished.order if candidate.wished is not None else (SYSTEM_PROFILE,)


def custom_leg(
    custom: CustomProfile, action: Action, settings: Settings, *, operation: str, operator: str
) -> Leg | Objection:
    """What activating a profile beside the system takes, or why there is nothing to do."""
    said = custom.said
    if action is Action.TEST:
        return Objection(why="left as it is: only systems are tested", outcome=Outcome.UNCHANGED)
    if custom.leads == custom.path:
        return Objection(why="active already", outcome=Outcome.UNCHANGED)
    order = Order(
        operation=f"{operation}-{said.name}",
        operator=operator,
        new=custom.path,
        number=None,
        expect_current="",
        expect_profile=custom.leads or "",
        revert_after=settings.revert_after,
        activation_timeout=settings.activation_timeout,
        live=action is Action.SWITCH,
        link=custom.link,
        owner=said.owner or "root",
    )
    return Leg(said.name, as_said(order, said))


def as_said(order: Order, said: DeployProfile | None) -> Order:
    """The order with what the flake says of how its profile is activated, in the guard's terms."""
    if said is None:
        return order
    changes: dict[str, float | bool] = {"confirm": said.magic_rollback, "stays": not said.auto_rollback}
    if said.confirm_timeout is not None:
        changes["revert_after"] = float(said.confirm_timeout)
    if said.activation_timeout is not None:
        changes["activation_timeout"] = float(said.activation_timeout)
    return msgspec.structs.replace(order, **changes)


def back(order: Order, number: int | None, arrived: Finding | None = None) -> Order:
    """From where this order leads to where it began. `number` is the generation that was the profile then. Where a host
    `arrived` that fetched its system by itself, only it knows.

    It has a name of its own: the host still remembers the way there.
    """
    operation = f"{order.operation}-back"
    if order.pull is not None and arrived is not None:
        order = msgspec.structs.replace(order, pull=None, new=arrived.current or "", lasts=arrived.profile)
    if order.link is not None:
        return msgspec.structs.replace(order, operation=operation, new=order.expect_profile, expect_profile=order.new)
    return msgspec.structs.replace(
        order,
        operation=operation,
        new=order.expect_current if order.live else order.expect_profile,
        lasts=order.expect_profile,
        number=number,
        expect_current=order.new if order.live else order.expect_current,
        expect_profile=(order.lasts or order.new) if order.lasting else order.expect_profile,
    )
