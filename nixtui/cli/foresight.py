"""What one decides a rollback by, on a terminal: both systems, their age, and what would restart."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from nixtui.activation.rollback import Action, Rollback, Seen
from nixtui.cli.assembly import Assembly
from nixtui.cli.output import age
from nixtui.model.generation import Generation, Generations
from nixtui.model.preview import Preview
from nixtui.model.store_path import system_version
from nixtui.operations.plan import Target
from nixtui.remote.errors import NoAnswer, RemoteError

MOST_PREVIEWS = 5
"""Each is a dry-activate as root; of more hosts nobody reads the units before a yes."""

LIMIT_S = 20.0
"""A dry-activate takes about a second; whoever is on call does not wait for one that hangs."""


async def foresee(
    nixtui: Assembly, rollback: Rollback, seen: Sequence[Seen], *, limit: float = LIMIT_S
) -> dict[str, list[str]]:
    """By host, what the plan leads from and to, and what it would restart or why that is not known."""
    generations = {each.host.name: each.generations for each in seen}
    acting = rollback.plan.acting_on
    previews = await _previews(nixtui, rollback, acting, limit)
    known = {}
    for row in acting:
        lines = list(_sides(row, generations[row.name]))
        known[row.name] = [*lines, *previews.get(row.name, ())]
    return known


def _sides(row: Target, known: Generations | None) -> Iterator[str]:
    if known is None:
        return
    before = known.running
    after = known.with_number(int(row.after)) if row.after and row.after.isdecimal() else None
    for word, path, side in (
        ("now", row.facts.get("previous"), before),
        ("then", row.facts.get("new"), after),
    ):
        yield f"{word:<5}{_side(side, path, known.clock)}"


def _side(side: Generation | None, path: str | None, clock: float) -> str:
    if side is None:
        version = system_version(path) if path else None
        return f"no generation, NixOS {version or '–'}, age not known"
    version = side.nixos_version or system_version(side.path)
    made = f"made {age(clock - side.created_at)} ago" if side.created_at is not None else "age not known"
    revision = side.configuration_revision[:12] if side.configuration_revision else "–"
    return f"{side.number}: NixOS {version or '–'}, revision {revision}, kernel {side.kernel or '–'}, {made}"


async def _previews(
    nixtui: Assembly, rollback: Rollback, acting: Sequence[Target], limit: float
) -> Mapping[str, Sequence[str]]:
    if rollback.action is Action.BOOT:
        return {row.name: ["no unit restarts before the next reboot"] for row in acting}
    if len(acting) > MOST_PREVIEWS:
        return {
            row.name: [f"what would restart was not asked: {len(acting)} hosts, the limit is {MOST_PREVIEWS}"]
            for row in acting[:1]
        }
    async with asyncio.TaskGroup() as group:
        tasks = {row.name: group.create_task(_preview(nixtui, rollback, row, limit)) for row in acting}
    return {name: task.result() for name, task in tasks.items()}


async def _preview(nixtui: Assembly, rollback: Rollback, row: Target, limit: float) -> list[str]:
    from nixtui.remote.preview import preview

    try:
        async with nixtui.reach(rollback.hosts[row.name]) as transport:
            return list(_told(await preview(transport, row.facts["new"], limit)))
    except NoAnswer:
        return [f"what would restart is not known: the host did not say so within {limit:g} s"]
    except RemoteError as error:
        return [f"what would restart is not known: {error.reason}"]


def _told(preview: Preview) -> Iterator[str]:
    if not preview.is_complete:
        yield f"! the dry run ended with {preview.exit_code}: what it says is not everything"
    for word, names in (
        ("will stop", preview.stopped),
        ("will start", preview.started),
        ("will restart", preview.restarted),
        ("will reload", preview.reloaded),
        ("stays as it is", preview.not_stopped),
    ):
        if names:
            yield f"{word}: {', '.join(names)}"
    if preview.is_complete and not preview.touches_units:
        yield "no unit stops, starts or restarts"
    yield from (f"! not live: {inhibitor}" for inhibitor in preview.inhibitors)
    if preview.reboot_needed:
        yield f"! {preview.reboot_reason or 'reboot needed for full effect'}"
    elif preview.reboot_needed is False:
        yield "no reboot needed"
