"""`nixtui init`: look around, propose a `nixtui.toml`, and write it on yes."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from nixtui.cli.assembly import Surroundings
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import narrate, plain, print_json
from nixtui.cli.terminal import ask
from nixtui.config.looking_around import Found, look_around
from nixtui.config.proposing import propose, where_to_write, write_new
from nixtui.operations.policy import Refused


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--yes", action="store_true", help="write it without asking")
    parser.add_argument("--output", metavar="FILE", type=Path, help="where to, instead of beside the flake or here")
    parser.add_argument("--json", action="store_true", help="what was found and the proposal, as one object")


async def run(arguments: Namespace, surroundings: Surroundings) -> Exit:
    """Reads files, and writes one at most. Raises `Refused` or `UsageError`."""
    found = look_around(surroundings.cwd, surroundings.environ)
    path = surroundings.cwd / arguments.output if arguments.output else where_to_write(found)
    text = propose(found)
    _tell(found)
    if arguments.json:
        print_json(_as_json(found, path, text))
    else:
        sys.stdout.write(text)
        sys.stdout.flush()
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} is there already and is never overwritten; --output names another file")
    if arguments.yes:
        _write(path, text)
        return Exit.DONE
    if arguments.json:
        return Exit.DONE
    if not sys.stdin.isatty():
        raise Refused("nobody can be asked without a terminal", f"write {path} with --yes")
    if (await ask(f"Write this to {plain(str(path))}? [y/N] ")).strip().lower() not in ("y", "yes"):
        raise Refused("not confirmed", "nothing was written")
    _write(path, text)
    return Exit.DONE


def _write(path: Path, text: str) -> None:
    try:
        write_new(path, text)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already and is never overwritten") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; --output names another file") from error
    narrate(f"wrote {plain(str(path))}; next: nixtui")


def _tell(found: Found) -> None:
    narrate(f"flake: {plain(str(found.flake)) if found.flake else 'none here or above'}")
    narrate(f"hosts in ~/.ssh/config: {', '.join(found.ssh_hosts) or 'none'}")
    narrate(f"AWS profiles: {', '.join(found.aws_profiles) or 'none'}")


def _as_json(found: Found, path: Path, text: str) -> dict[str, object]:
    return {
        "flake": None if found.flake is None else str(found.flake),
        "ssh_hosts": list(found.ssh_hosts),
        "aws_profiles": list(found.aws_profiles),
        "file": str(path),
        "proposal": text,
    }
