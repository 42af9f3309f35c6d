"""`nixtui store HOST`, and `nixtui store gc|optimise|verify SELECTOR…`."""

from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import narrate, print_json, rfc3339, shown, size
from nixtui.cli.proposing import add_consent, propose
from nixtui.model.store import BadAge, Garbage, Store, parse_age
from nixtui.operations.operation import Prepared
from nixtui.remote.store import garbage, store
from nixtui.upkeep.prospect import look_at_garbage, look_at_store
from nixtui.upkeep.store import StoreWork, prepare_store

_WORK = ("gc", "optimise", "verify")


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "words",
        metavar="HOST | gc|optimise|verify SELECTOR…",
        nargs="+",
        help="one host to look at, or what to do and where: gc web-1, verify tag:role=web",
    )
    parser.add_argument(
        "--garbage", action="store_true", help="with HOST: ask also what is garbage, which takes longer"
    )
    parser.add_argument("--older-than", metavar="AGE", help="gc: delete generations older than 14d, 36h, 4w as well")
    parser.add_argument("--keep", metavar="N", type=int, help="gc: of those keep the newest N")
    parser.add_argument("--repair", action="store_true", help="verify: fetch broken paths again, or rebuild them")
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the store, the plan or the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Look, or plan, ask, do and report."""
    first, *rest = arguments.words
    if first in _WORK and rest:
        _check(arguments, first)
        return await propose(nixtui, await _prepare(arguments, first, rest, nixtui), arguments)
    if rest:
        raise UsageError(f'"{first}" is nothing to do with a store; there are gc, optimise and verify')
    return await _look(arguments, first, nixtui)


def _check(arguments: Namespace, kind: str) -> None:
    if kind != "gc" and (arguments.older_than or arguments.keep is not None):
        raise UsageError("--older-than and --keep belong to gc")
    if kind != "verify" and arguments.repair:
        raise UsageError("--repair belongs to verify")
    if arguments.keep is not None and arguments.keep < 1:
        raise UsageError("--keep needs 1 at least")


async def _prepare(arguments: Namespace, kind: str, selectors: list[str], nixtui: Assembly) -> Prepared:
    try:
        older_than = parse_age(arguments.older_than) if arguments.older_than else None
    except BadAge as error:
        raise UsageError(str(error)) from error
    hosts = await nixtui.select(selectors)
    if kind == "gc":
        narrate("asking what is garbage, which takes as long as a collection that finds nothing …")
        seen = await look_at_garbage(hosts, nixtui.reach, older_than=older_than, keep=arguments.keep)
    else:
        seen = await look_at_store(hosts, nixtui.reach)
    return prepare_store(
        StoreWork(kind, repair=arguments.repair),
        seen,
        nixtui.activation.rollout,
        reach=nixtui.reach,
        operation=nixtui.new_identity(),
        operator=nixtui.operator,
    )


async def _look(arguments: Namespace, name: str, nixtui: Assembly) -> Exit:
    host = await nixtui.one(name)
    async with nixtui.reach(host) as transport:
        found = await store(transport)
        weighed = await garbage(transport) if arguments.garbage else None
    if arguments.json:
        print_json(as_json(found, weighed))
        return Exit.DONE
    fraction = found.used_fraction
    room = "–" if found.available is None else size(found.available)
    print(f"disk of the store  {'–' if fraction is None else f'{fraction:.0%}'} used, {room} free")
    print(f"paths              {shown(found.paths)}")
    print(f"roots of users     {shown(found.roots)}")
    optimises = {True: "yes", False: "no", None: "–"}[found.auto_optimise]
    print(f"auto-optimise      {optimises}")
    if weighed is not None:
        print(f"garbage            up to {size(weighed.dead_bytes)} in {weighed.dead_paths} paths")
    return Exit.DONE


def as_json(found: Store, weighed: Garbage | None) -> dict[str, Any]:
    """The store as scripts get it; the keys are a contract."""
    return {
        "observed_at": rfc3339(found.clock),
        "used": found.used,
        "available": found.available,
        "inodes_used": found.inodes_used,
        "inodes_free": found.inodes_free,
        "paths": found.paths,
        "roots": found.roots,
        "auto_optimise": found.auto_optimise,
        "garbage_paths": None if weighed is None else weighed.dead_paths,
        "garbage_bytes": None if weighed is None else weighed.dead_bytes,
    }
