"""What a deploy would do to units, before anybody consents: NixOS's own dry run, on hosts that have the system."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nixtui.deploys.choice import Action
from nixtui.deploys.objection import Objection
from nixtui.deploys.plan import Deploy
from nixtui.model.preview import Preview
from nixtui.remote.errors import NoAnswer, RemoteError
from nixtui.remote.preview import preview
from nixtui.remote.transport import Reach

LIMIT_S = 20.0
"""A dry run takes about a second. Whoever waits for the plan does not wait for one that hangs: it is asked again."""

AT_ONCE = 16

NOT_BEFORE_THE_COPY = "units: known once it is copied (before the question with nixtui deploy --copy-first)"


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What is known of one host, in lines; with an `objection` it must not go there live."""

    lines: tuple[str, ...]
    objection: Objection | None = None


async def foresee(deploy: Deploy, reach: Reach, limit: float = LIMIT_S) -> Mapping[str, Foreseen]:
    """By host, for those that something is to be done to. Changes nothing and raises nothing; `limit` is seconds."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, path: str) -> Foreseen:
        async with room:
            return await _ask(deploy, name, path, reach, limit)

    asked = {
        name: leg.order.new
        for name, legs in deploy.legs.items()
        for leg in legs
        if leg.is_system and leg.order.pull is None
    }
    async with asyncio.TaskGroup() as group:
        tasks = {name: group.create_task(one(name, path)) for name, path in asked.items()}
    return {name: task.result() for name, task in tasks.items()}


async def _ask(deploy: Deploy, name: str, path: str, reach: Reach, limit: float) -> Foreseen:
    candidate, action = deploy.candidates[name], deploy.choice.action
    if action is Action.BOOT:
        return Foreseen(("no unit restarts before the next reboot",))
    if candidate.sizes:
        return Foreseen((NOT_BEFORE_THE_COPY,))
    try:
        async with reach(candidate.host) as transport:
            found = await preview(transport, path, limit)
    except NoAnswer:
        return Foreseen((f"units: not known, the host did not say so within {limit:g} s",))
    except RemoteError as error:
        return Foreseen((f"units: not known, {error.reason}",))
    lines = tuple(told(found))
    if not found.is_complete:
        lines = (f"! the dry run ended with {found.exit_code}: what it says is not everything", *lines)
    if found.inhibitors and action.is_live:
        why = "; ".join(found.inhibitors)
        return Foreseen(lines, Objection(why=why, remedy="deploy with --action boot, then reboot"))
    return Foreseen(lines)


def told(found: Preview) -> Iterator[str]:
    """What a dry run says, a line for each kind of change."""
    for word, names in (
        ("would stop", found.stopped),
        ("would start", found.started),
        ("would restart", found.restarted),
        ("would reload", found.reloaded),
        ("would stay as it is", found.not_stopped),
    ):
        if names:
            yield f"{word} {', '.join(names)}"
    if found.is_complete and not found.touches_units:
        yield "no unit would stop, start or restart"
    if found.reboot_needed:
        yield found.reboot_reason or "a reboot would be needed for full effect"
    yield from (f"not live: {inhibitor}" for inhibitor in found.inhibitors)
