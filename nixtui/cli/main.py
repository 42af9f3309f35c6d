"""The entry point: arguments, configuration, and the command that was asked for."""

import argparse
import asyncio
import gc
import getpass
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from nixtui import __version__
from nixtui.cli.assembly import Assembly, Surroundings
from nixtui.cli.exits import Exit, NotReached, UsageError
from nixtui.cli.output import narrate, plain
from nixtui.cli.prompter import TerminalPrompter
from nixtui.config import BadConfiguration, load_configuration
from nixtui.config.paths import NoHome
from nixtui.model.host import Way
from nixtui.model.target import BadTarget, NoSuchGeneration
from nixtui.operations.journal import JournalUnavailable
from nixtui.operations.policy import Refused
from nixtui.operations.signals import ended_by_signals
from nixtui.remote.errors import BadAnswer, ElevationFailed, RemoteError

COMMANDS = {
    "status": "hosts as they are now",
    "generations": "the generations of a host",
    "diff": "what changes from one generation to another",
    "deploy": "build systems, copy them to their hosts and activate them under the guard, in waves",
    "rollback": "take hosts back to a generation they have, under the guard",
    "delete-generations": "delete old generations of hosts, never one that matters",
    "pin": "keep a system of a host whatever is cleared up, or no longer",
    "run": "run a command on hosts, equal answers put together",
    "reboot": "restart hosts in waves and see them come back",
    "ssh": "the real ssh to a host, with the options nixtui uses itself",
    "break-lock": "end the operation that holds the lock of hosts",
    "units": "the units of a host, failed ones first",
    "unit": "start, stop or restart a unit on hosts, or show it",
    "timers": "timers and backups of a host: last run, result, next",
    "store": "the Nix store of a host; collect garbage, optimise, verify",
    "build": "build systems and watch, or look at a recorded build",
    "logs": "the journals of hosts as one, read or followed",
    "image": "disk images as snapshots and AMIs: upload, register, list, copy, share, publish, retire",
    "instance": "instances of EC2: list, show, start, stop, reboot, terminate; roll groups onto an image",
    "stack": "hosts that are instances, by one name: create, deploy, ssh, list, show, destroy",
    "timeline": "what changed on the fleet, when and by whom",
    "secrets": "secret files: keys, values, recipients; sops and age alike",
    "journal": "what was done, by whom, with what result",
    "config": "the configuration: show, check, path",
    "init": "look around, propose a nixtui.toml, and write it on yes",
}
"""Each is a module of `nixtui.cli.commands` with `add` and `run`."""

_CLOUD_AFTER_S = 5.0
"""How long after its fleet the demo's AWS begins: the first frames have the machine to themselves."""

_TAKE_COMMANDS = {"run", "ssh"}

NEEDS_TERMINAL = (
    "the app needs a terminal; these commands do not: "
    "nixtui status, generations, diff, rollback, logs, timeline, run, reboot, ssh, journal and config, most with --json"
)


def entry() -> None:
    """The `nixtui` command."""
    gc.disable()  # who starts makes much and lets go of little; commands enable it again, the app once it is seen
    status = main(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_output()
    sys.exit(status)


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status. Every foreseen error is one sentence on standard error."""
    try:
        return _dispatch(parse(arguments))
    except UsageError as error:
        narrate(f"nixtui: {plain(str(error))}")
        return Exit.USAGE
    except NotReached as error:
        narrate(f"nixtui: {plain(str(error))}")
        return Exit.UNREACHABLE
    except KeyboardInterrupt:
        narrate("interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:  # only from commands that change nothing; the others finish first
        _give_up_output()
        return Exit.DONE


def _give_up_output() -> None:
    """Whoever read us has seen enough (`| head`); nothing may be written any more, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments as values. What comes after `--` in `run` and `ssh` is for hosts, not for argparse."""
    words, command = list(arguments), list[str]()
    if "--" in words and "demo" not in words[: words.index("--")]:
        cut = words.index("--")
        if _TAKE_COMMANDS & set(words[:cut]):
            words, command = words[:cut], words[cut + 1 :]
    parsed = _parser(words).parse_args(words)
    parsed.command_words = command
    return parsed


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nixtui",
        description="A cockpit for NixOS fleets. Without a command: the app.",
        epilog="exit status: 0 done, 1 failed, 2 usage or configuration, 3 unreachable, 4 partly done, "
        "5 refused, 130 interrupted",
    )
    parser.add_argument("--version", action="version", version=f"nixtui {__version__}")
    parser.add_argument("--config", metavar="FILE", type=Path, help="instead of the nixtui.toml that is found")
    parser.add_argument("--read-only", action="store_true", help="refuse everything that changes anything")
    parser.add_argument(
        "--via",
        choices=[way.value for way in Way],
        help="the way to every host instead of its own: ssm for instances that SSH does not reach",
    )
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, title in COMMANDS.items():
        declared = commands.add_parser(name, help=title, description=title[0].upper() + title[1:] + ".")
        if name in arguments:  # only the one that is wanted is imported
            _module(name).add(declared)
    demo = commands.add_parser("demo", help="the app, or any command after --, on an embedded fleet")
    demo.add_argument("--seed", type=int, default=0, help="another fleet")
    demo.add_argument("words", metavar="-- COMMAND", nargs=argparse.REMAINDER)
    return parser


def _module(name: str) -> Any:
    return import_module(f"nixtui.cli.commands.{name.replace('-', '_')}")


def _dispatch(parsed: argparse.Namespace) -> int:
    surroundings = _surroundings()
    if parsed.command == "demo":
        return _demo(parsed, surroundings)
    return asyncio.run(_in_order(parsed, surroundings))


async def _in_order(parsed: argparse.Namespace, surroundings: Surroundings) -> int:
    """The command; a signal that ends nixtui ends what it has started first, as Ctrl-C does. An evaluation would go on
    to its end: nix-eval-jobs takes no SIGTERM.
    """
    with ended_by_signals():
        return await run_command(parsed, surroundings)


def _surroundings() -> Surroundings:
    return Surroundings(cwd=Path.cwd(), environ=os.environ, prompter=TerminalPrompter(), user=getpass.getuser())


async def run_command(parsed: argparse.Namespace, surroundings: Surroundings) -> int:
    """Load the configuration and run the command, or the app when there is none."""
    try:
        if parsed.command in ("config", "init"):
            gc.enable()
            return Exit(await _module(parsed.command).run(parsed, surroundings))
        configuration = load_configuration(surroundings.cwd, surroundings.environ, parsed.config)
        for warning in configuration.warnings:
            narrate(str(warning))
        via = Way(parsed.via) if parsed.via else None
        async with Assembly(configuration, surroundings, read_only=parsed.read_only, via=via) as nixtui:
            if parsed.command is None:
                return await _app(nixtui, mouse=not parsed.no_mouse)
            gc.enable()
            return int(await _module(parsed.command).run(parsed, nixtui))
    except (BadConfiguration, NoHome) as error:
        narrate(str(error))
        return Exit.USAGE
    except (BadTarget, NoSuchGeneration) as error:
        narrate(f"nixtui: {plain(str(error))}")
        return Exit.USAGE
    except Refused as error:
        narrate(f"refused: {plain(str(error))}")
        return Exit.REFUSED
    except RemoteError as error:
        narrate(f"nixtui: {plain(str(error))}")
        return Exit.FAILED if isinstance(error, BadAnswer | ElevationFailed) else Exit.UNREACHABLE
    except JournalUnavailable as error:
        narrate(f"nixtui: {plain(str(error))}")
        return Exit.FAILED


async def _app(nixtui: Assembly, *, mouse: bool) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(NEEDS_TERMINAL)
    return int(await _module("app").run(nixtui, mouse=mouse))


def _demo(parsed: argparse.Namespace, surroundings: Surroundings) -> int:
    """Any command on the embedded fleet; everything but the fleet itself is the real thing."""
    words = parsed.words[1:] if parsed.words[:1] == ["--"] else parsed.words
    inner = parse(words)
    inner.no_mouse |= parsed.no_mouse
    if inner.command == "demo":
        raise UsageError("the demo cannot run itself")
    if inner.command is None and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(NEEDS_TERMINAL)
    return asyncio.run(_in_demo(parsed.seed, inner, surroundings))


async def _in_demo(seed: int, inner: argparse.Namespace, surroundings: Surroundings) -> int:
    demo = import_module("nixtui.demo")
    # A command that asks AWS nothing needs none, and one about hosts would wait seconds for it; for the app it is there
    # by the time that somebody looks.
    is_app = inner.command is None
    after_s = _CLOUD_AFTER_S if is_app else None
    async with demo.demo_fleet(seed=seed, cloud_after_s=after_s, follows_ec2=is_app) as fleet:
        inner.config = inner.config or fleet.config_path
        environ = {**surroundings.environ, **fleet.environ}
        return await run_command(inner, msgspec.structs.replace(surroundings, environ=environ))
