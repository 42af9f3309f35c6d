"""`nixtui image list`: AMIs over regions."""

import time
from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.images.drift import drift_json, drifts_of
from nixtui.cli.images.listing import narrate_problems, with_login
from nixtui.cli.images.login import add_login, logins_of, regions_of
from nixtui.cli.output import age, print_json, print_table, rfc3339, shown
from nixtui.images.catalogue import list_all_images
from nixtui.model.image import Image
from nixtui.model.image_drift import ImageDrift

_HEADINGS = (
    "IMAGE", "NAME", "REGION", "ARCH", "AGE", "SIZE", "DEPRECATED", "VISIBLE", "REVISION", "FLAKE", "STATE",
)  # fmt: skip


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_login(parser, several=True)
    parser.add_argument("--all-regions", action="store_true", help="every region that is enabled for the account")
    parser.add_argument(
        "--owner", metavar="OWNER", action="append", help="self (default), an account, amazon; 427812963091 is NixOS"
    )
    parser.add_argument("--against", metavar="FLAKE", help="evaluate this flake and say exactly what it gives now")
    parser.add_argument("--json", action="store_true", help="the images as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Ask every login and region at once; one that does not tell is said and does not hide the rest."""
    async with logins_of(arguments, nixtui) as logins:
        regions = regions_of(arguments, nixtui, everywhere=arguments.all_regions)
        found = await list_all_images(logins, regions, arguments.owner or ("self",))
    images, problems = found.images, found.problems
    drifts = await drifts_of(images, nixtui, arguments.against)
    narrate_problems([(region, None, problem) for region, problem in problems], logins)
    if arguments.json:
        print_json([as_json(image, drifts.get(image.key)) for image in images])
    else:
        rows = [_row(image, time.time(), drifts.get(image.key)) for image in images]
        print_table(*with_login(_HEADINGS, rows, [image.login for image in images], logins))
    if not problems:
        return Exit.DONE
    if images:
        return Exit.PARTIAL
    return Exit.UNREACHABLE if all(problem.may_pass for _, problem in problems) else Exit.FAILED


def as_json(image: Image, drift: ImageDrift | None) -> dict[str, Any]:
    """An image as scripts get it; the keys are a contract."""
    return {
        "image_id": image.identity,
        "name": image.name,
        "region": image.region,
        "state": image.state,
        "architecture": image.architecture,
        "boot_mode": image.boot_mode,
        "created_at": rfc3339(image.created_at),
        "deprecated_at": rfc3339(image.deprecated_at),
        "size_gib": image.gib,
        "visibility": image.visibility,
        "owner": image.owner,
        "profile": image.login,
        "account": image.account,
        "revision": image.revision,
        "store_path": image.store_path,
        "snapshot_ids": list(image.snapshots),
        "drift": drift_json(drift),
    }


def _row(image: Image, now: float, drift: ImageDrift | None) -> tuple[str, ...]:
    deprecated = "–"
    if image.deprecated_at is not None:
        left = image.deprecated_at - now
        deprecated = f"in {age(left)}" if left > 0 else f"{age(-left)} ago"
    return (
        image.identity,
        image.name,
        image.region,
        shown(image.architecture),
        age(None if image.created_at is None else now - image.created_at),
        "–" if image.gib is None else f"{image.gib} GiB",
        deprecated,
        image.visibility,
        shown(image.revision and image.revision[:12]),
        shown(drift and drift.short),
        image.state,
    )
