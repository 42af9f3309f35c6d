"""`nixtui config show|check|path`: which configuration is in force, and what is wrong with it."""

from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Surroundings
from nixtui.cli.exits import Exit
from nixtui.cli.keys import interface_problems
from nixtui.cli.output import narrate, print_json
from nixtui.config import Problem, load_configuration
from nixtui.config.loading import check_configuration
from nixtui.config.paths import cache_dir, state_dir
from nixtui.config.showing import show_configuration


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "what", choices=("show", "check", "path"), help="everything in force; problems; where files are"
    )
    parser.add_argument("--json", action="store_true")


async def run(arguments: Namespace, surroundings: Surroundings) -> Exit:
    """Reads files and nothing else."""
    cwd, environ = surroundings.cwd, surroundings.environ
    match arguments.what:
        case "check":
            return _check(_problems(arguments, surroundings), as_json=arguments.json)
        case "path":
            return _paths(arguments, surroundings)
    print(show_configuration(load_configuration(cwd, environ, arguments.config), cwd, environ), end="")
    return Exit.DONE


def _problems(arguments: Namespace, surroundings: Surroundings) -> tuple[Problem, ...]:
    """Those of the file, and when it can be used at all, those that only the app can tell."""
    cwd, environ = surroundings.cwd, surroundings.environ
    found = check_configuration(cwd, environ, arguments.config)
    if not all(problem.warning for problem in found):
        return found
    return (*found, *interface_problems(load_configuration(cwd, environ, arguments.config), cwd))


def _check(problems: tuple[Problem, ...], *, as_json: bool) -> Exit:
    if as_json:
        print_json([_as_json(problem) for problem in problems])
    else:
        for problem in problems:
            print(problem)
    if not problems:
        narrate("nothing is wrong")
    return Exit.DONE if all(problem.warning for problem in problems) else Exit.USAGE


def _as_json(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "key": problem.key,
        "reason": problem.reason,
        "remedy": problem.remedy,
        "warning": problem.warning,
    }


def _paths(arguments: Namespace, surroundings: Surroundings) -> Exit:
    path = load_configuration(surroundings.cwd, surroundings.environ, arguments.config).path
    places = {
        "configuration": None if path is None else str(path),
        "journal": str(state_dir(surroundings.environ) / "journal.db"),
        "cache": str(cache_dir(surroundings.environ)),
    }
    if arguments.json:
        print_json(places)
    else:
        for name, place in places.items():
            print(f"{name}: {place or 'none was found; these are the defaults'}")
    return Exit.DONE
