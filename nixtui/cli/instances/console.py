"""`nixtui instance console INSTANCE`: what an instance wrote on its console, or a picture of its screen."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from nixtui.aws.console_output import KEPT, console_output, console_screenshot
from nixtui.aws.instances import Instance
from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.instances.choosing import choose
from nixtui.cli.output import narrate, plain, print_json, rfc3339
from nixtui.instances.console_story import as_of, why_empty


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("instance", metavar="INSTANCE", help="an id or the name of exactly one")
    parser.add_argument("--lines", "-n", metavar="N", type=int, help="only the last N lines")
    parser.add_argument("--screenshot", metavar="FILE", help="write a picture of its screen there instead (JPEG)")
    parser.add_argument("--force", action="store_true", help="write the picture over a file that is there")
    add_login(parser)
    parser.add_argument("--json", action="store_true", help="the output as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Ask EC2 and print."""
    if arguments.lines is not None and arguments.lines < 1:
        raise UsageError("--lines: at least one")
    async with logins_of(arguments, nixtui) as logins:
        (standing,) = await choose(arguments, nixtui, logins, [arguments.instance])
        session = logins.of(standing.instance.login)
        instance = standing.instance
        if arguments.screenshot is not None:
            return await _screenshot(arguments, nixtui, session, instance)
        output = await console_output(session, instance.region, instance.identity)
    lines = output.lines[-arguments.lines :] if arguments.lines else output.lines
    now = nixtui.clock()
    if arguments.json:
        print_json(
            {
                "instance_id": instance.identity,
                "name": instance.name,
                "region": instance.region,
                "at": rfc3339(output.at),
                "latest": output.is_latest,
                "lines": list(lines),
                "empty_because": None if output.lines else why_empty(instance, now),
            }
        )
        return Exit.DONE
    for line in lines:
        print(line)
    sys.stdout.flush()
    if output.lines:
        narrate(plain(f"the console of {instance.name} ({instance.identity}), {as_of(output, now)}; {KEPT}"))
    else:
        narrate(plain(f"the console of {instance.name} ({instance.identity}) is empty: {why_empty(instance, now)}"))
    return Exit.DONE


async def _screenshot(arguments: Namespace, nixtui: Assembly, session: Session, instance: Instance) -> Exit:
    """Into a new file. The picture is asked for first: a file that nothing comes into is not made."""
    path = _place(arguments, nixtui)
    if instance.state != "running":
        raise UsageError(
            f"{instance.name} is {instance.state}: only what runs has a screen; see: nixtui instance console"
        )
    picture = await console_screenshot(session, instance.region, instance.identity)
    try:
        await asyncio.to_thread(_write, path, picture, over=arguments.force)
    except FileExistsError as error:
        raise UsageError(f"{path} is there by now; choose another name, or add --force") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    if arguments.json:
        print_json({"instance_id": instance.identity, "name": instance.name, "file": str(path), "bytes": len(picture)})
    else:
        print(plain(f"{path} has the screen of {instance.name} as it is now, as a monitor would show it (JPEG)"))
    return Exit.DONE


def _place(arguments: Namespace, nixtui: Assembly) -> Path:
    path = nixtui.surroundings.cwd / Path(arguments.screenshot).expanduser()
    if path.exists() and not arguments.force:
        raise UsageError(f"{path} is there already; choose another name, or add --force")
    return path


def _write(path: Path, picture: bytes, *, over: bool) -> None:
    with path.open("wb" if over else "xb") as file:
        file.write(picture)
