"""`nixtui instance recover INSTANCE`: what gets it back, by what broke, and why the rest cannot."""

import shutil
from argparse import ArgumentParser, Namespace

from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.instances.choosing import choose
from nixtui.cli.output import narrate, plain, print_json
from nixtui.instances.belonging import hosts_of
from nixtui.instances.doors import doors, look
from nixtui.instances.recovering import Playbook, Situation, playbooks
from nixtui.instances.standing import Standing
from nixtui.model.host import Host
from nixtui.remote.errors import HostKeyChanged, HostKeyUnknown, RemoteError

_WHAT = ("configuration", "access", "store")


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("instance", metavar="INSTANCE", help="an id or the name of exactly one")
    parser.add_argument("--broke", choices=_WHAT, help="only the steps for this: the configuration, access, the store")
    add_login(parser)
    parser.add_argument("--json", action="store_true", help="the steps as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Find out and print; nothing is done."""
    async with logins_of(arguments, nixtui) as logins:
        (standing,) = await choose(arguments, nixtui, logins, [arguments.instance])
        session = logins.of(standing.instance.login)
        found = playbooks(await situation_of(standing, nixtui, session))
    shown = [each for each in found if arguments.broke in (None, each.name)]
    if arguments.json:
        print_json([_json(each) for each in shown])
        return Exit.DONE
    for each in shown:
        print(f"If {each.title}:")
        for number, step in enumerate(each.steps, 1):
            print(f"  {'✗' if step.closed else number} {plain(step.words)}")
            print(f"      {plain(step.closed) if step.closed else '$ ' + plain(step.command)}")
            if step.loses and not step.closed:
                print(f"      ! loses {plain(step.loses)}")
        print()
    narrate("nothing was done: each step is a command of its own, that shows its plan and asks; stop where one helped")
    return Exit.DONE


async def situation_of(standing: Standing, nixtui: Assembly, session: Session) -> Situation:
    """What is known of an instance that somebody wants back. Asks AWS, and goes to the host by SSH."""
    instance = standing.instance
    path = nixtui.surroundings.environ.get("PATH")
    plugin = shutil.which("session-manager-plugin", path=path) is not None
    open_ways = doors(instance, await look(session, instance, plugin=plugin))
    host = hosts_of([instance], await nixtui.hosts()).get(instance.identity)
    closed, confirmed = (None, False) if host is None else await _by_ssh(host, nixtui)
    return Situation(standing, open_ways, host.name if host else None, closed, confirmed)


async def _by_ssh(host: Host, nixtui: Assembly) -> tuple[str | None, bool]:
    """Why SSH does not reach it, and whether all that is missing is to accept a key that its console confirms."""
    try:
        await nixtui.pool.connect(host)
    except (HostKeyUnknown, HostKeyChanged) as error:
        return error.reason, bool(error.testimony and error.testimony.agrees)
    except RemoteError as error:
        return error.reason, False
    return None, False


def _json(playbook: Playbook) -> dict[str, object]:
    return {
        "broke": playbook.name,
        "title": playbook.title,
        "steps": [
            {
                "step": step.words,
                "command": step.command,
                "can_work": step.closed is None,
                "closed": step.closed,
                "loses": step.loses,
            }
            for step in playbook.steps
        ],
    }
