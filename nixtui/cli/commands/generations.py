"""`nixtui generations HOST`: what a host can go to."""

from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.output import age, narrate, print_json, print_table, rfc3339, shown
from nixtui.model.generation import Generation, Generations
from nixtui.remote.generations import generations

HEADINGS = ("GEN", "AGE", "CREATED", "NIXOS", "KERNEL", "REV", "SPECIALISATIONS", "MARKS", "PATH")


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("host", metavar="HOST")
    parser.add_argument("--json", action="store_true", help="an array, newest first")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Ask and print."""
    host = await nixtui.one(arguments.host)
    async with nixtui.reach(host) as transport:
        found = await generations(transport)
    if arguments.json:
        print_json([as_json(each) for each in found.items])
    elif found.items:
        print_table(HEADINGS, [_row(each, found.clock) for each in found.items])
    else:
        narrate(f"{host.name} has no generations of a system profile")
    _narrate_stray(found)
    return Exit.DONE


def as_json(generation: Generation) -> dict[str, Any]:
    """One generation as scripts get it; the keys are a contract."""
    return {
        "number": generation.number,
        "created_at": rfc3339(generation.created_at),
        "nixos_version": generation.nixos_version,
        "kernel": generation.kernel,
        "configuration_revision": generation.configuration_revision,
        "specialisations": list(generation.specialisations),
        "path": generation.path,
        "path_exists": generation.path_exists,
        "running": generation.running,
        "booted": generation.booted,
        "profile": generation.profile,
        "boot_default": generation.boot_default,
        "pinned": generation.pinned,
    }


def marks(generation: Generation) -> str:
    """The marks as words."""
    named = {
        "running": generation.running,
        "booted": generation.booted,
        "profile": generation.profile,
        "boot-default": generation.boot_default,
        "pinned": generation.pinned,
        "gone": not generation.path_exists,
    }
    return " ".join(name for name, holds in named.items() if holds)


def _row(generation: Generation, clock: float) -> tuple[str, ...]:
    created = generation.created_at
    return (
        str(generation.number),
        age(None if created is None else clock - created),
        shown(rfc3339(created)),
        shown(generation.nixos_version),
        shown(generation.kernel),
        shown(generation.configuration_revision and generation.configuration_revision[:8]),
        " ".join(generation.specialisations) or "–",
        marks(generation),
        generation.path,
    )


def _narrate_stray(found: Generations) -> None:
    if found.running is None and found.current_system is not None:
        narrate(f"what runs is no generation: {found.current_system}")
    paths = {each.path for each in found.items}
    for path in found.pins:
        if path not in paths:
            narrate(f"pinned, and no generation any more: {path} (go there with --to path:{path})")
