"""The steps of a deploy as a plan shows them, with the exact commands."""

from collections.abc import Callable, Mapping, Sequence
from shlex import join
from types import MappingProxyType

import msgspec

from nixtui.activation.rollback import PROFILE, Settings
from nixtui.deploys.choice import Action, Choice
from nixtui.deploys.keys import shown
from nixtui.deploys.legs import Leg
from nixtui.nix.colmena import HiveKey
from nixtui.operations.plan import Step
from nixtui.remote.guard import Order


def steps_of(
    legs: Mapping[str, tuple[Leg, ...]],
    choice: Choice,
    settings: Settings,
    keys: Mapping[str, Mapping[str, HiveKey]] = MappingProxyType({}),
) -> tuple[Step, ...]:
    """The steps, with the exact commands; of keys where they go."""
    if choice.action is Action.BUILD:
        return ()
    uploads = tuple(f"{name}: {shown(key)}" for name, own in keys.items() for key in own.values())
    upload = (Step("upload keys, before the activation or after it", uploads),) if uploads else ()
    if not any(legs.values()):
        return upload

    def each(commands: Callable[[Order], Sequence[str]]) -> tuple[str, ...]:
        prefix = len(legs) > 1
        return tuple(
            f"{name}: {command}" if prefix else command
            for name, own in legs.items()
            for leg in own
            for command in commands(leg.order)
        )

    copy = Step(
        "copy what is missing, over the same ssh",
        tuple(
            join(["nix", "copy", "--to", f"ssh://{name}", *(leg.order.lasts or leg.order.new for leg in own)])
            for name, own in legs.items()
            if own and all(leg.order.pull is None for leg in own)
        ),
    )
    ask = Step(
        "ask what would change",
        each(lambda order: [activation(order, "dry-activate")]),
    )
    if choice.action is Action.DRY_ACTIVATE:
        return (copy, ask)
    commit = Step("commit: profile and boot entry", each(_commit))
    if choice.action is Action.BOOT:
        return (copy, ask, *upload, commit)
    last = commit if choice.action is Action.SWITCH else Step("disarm: it stays until the next reboot")
    return (
        copy,
        ask,
        *upload,
        Step(f"arm: without us the host goes back by itself after {settings.revert_after:g} s"),
        Step(
            "test: activate it, nothing that lasts",
            each(lambda order: [activation(order, "test")]),
        ),
        Step(
            "verify over a new connection: login, system, units, health",
            tuple(check.command for check in settings.health),
        ),
        last,
        Step(
            "or go back, if anything of this fails",
            each(_revert),
        ),
    )


def activation(order: Order, action: str) -> str:
    """The command that activates what an order leads to, or says what that would do."""
    if order.pull is not None:
        return order.pull if action != "dry-activate" else "nothing: what it will fetch is not known"
    if order.link is None:
        return join([f"{order.new}/bin/switch-to-configuration", action])
    dry, boot = str(int(action == "dry-activate")), str(int(not order.live))
    settings = [f"PROFILE={order.new if dry == '1' else order.link}", f"DRY_ACTIVATE={dry}", f"BOOT={boot}"]
    become = [] if order.owner == "root" else ["setpriv", f"--reuid={order.owner}", "--init-groups"]
    return join([*become, "env", *settings, f"{order.new}/deploy-rs-activate"])


def _revert(order: Order) -> list[str]:
    if order.link is None:
        return [join([f"{order.expect_current}/bin/switch-to-configuration", "test"])]
    if not order.expect_profile:
        return [join(["rm", order.link])]
    return [
        join(["ln", "-sfn", order.expect_profile, order.link]),
        activation(msgspec.structs.replace(order, new=order.expect_profile), "switch"),
    ]


def _commit(order: Order) -> list[str]:
    if order.pull is not None:
        return [] if order.live else [order.pull]
    if order.link is not None:
        return [join(["nix-env", "--profile", order.link, "--set", order.new])]
    profile = ["nix-env", "--profile", PROFILE]
    system = order.lasts or order.new
    point = ["--set", system] if order.number is None else ["--switch-generation", str(order.number)]
    return [join([*profile, *point]), join([f"{system}/bin/switch-to-configuration", "boot"])]
