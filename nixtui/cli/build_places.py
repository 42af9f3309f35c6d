"""`--on`, `--push-to` and `--builders`: the stores that systems are built in, and nixtui's way to those of hosts."""

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import UsageError
from nixtui.config.paths import cache_dir
from nixtui.model.host import Host
from nixtui.nix.build_place import BuildOptions, BuildPlace
from nixtui.remote.errors import Unreachable
from nixtui.remote.shell import NoShell

HERE = "here"
TARGET = "target"

_STORE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
"""What every nix takes for a host in the address of a store."""

_MACHINE = re.compile(r"ssh(?:-ng)?://([A-Za-z0-9][A-Za-z0-9.-]*)(?=[\s?;]|$)")
"""A machine in `--builders` that is only a name."""


def add_place(parser: ArgumentParser) -> None:
    """Declare where and how systems are evaluated and built."""
    parser.add_argument(
        "--on",
        metavar="PLACE",
        default=HERE,
        help="here (default), a host of the fleet, a store such as ssh-ng://me@builder, or target: each its own",
    )
    parser.add_argument(
        "--push-to",
        metavar="STORE",
        help="copy the result on: to a cache (s3://bucket?region=…, file:///srv/cache) or to a host of the fleet",
    )
    parser.add_argument(
        "--builders",
        metavar="MACHINES",
        help="machines that nix may build on, as in nix.conf; hosts by their names",
    )
    parser.add_argument("--substituters", metavar="STORES", help="only these caches; '' is none")
    parser.add_argument(
        "--option", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="a setting of nix.conf"
    )
    parser.add_argument("--impure", action="store_true", help="evaluate impurely; nothing is remembered then")
    parser.add_argument(
        "--override-input", nargs=2, action="append", default=[], metavar=("INPUT", "FLAKE"), help="another input"
    )


_PLAIN = BuildOptions()


@dataclass(frozen=True, slots=True)
class Asked:
    """Where somebody wants systems built, `leave` them there or not, and how nix is to do it."""

    on: str = HERE
    push_to: str | None = None
    leave: bool = False
    options: BuildOptions = _PLAIN
    flake_words: tuple[str, ...] = ()


def asked(arguments: Namespace, *, keep_going: bool) -> Asked:
    """What the arguments of `add_place` say."""
    words = ["--impure"] if arguments.impure else []
    words += [word for pair in arguments.override_input for word in ("--override-input", *pair)]
    options = BuildOptions(
        keep_going=keep_going,
        builders=arguments.builders,
        substituters=arguments.substituters,
        more=tuple((name, value) for name, value in arguments.option),
    )
    leave = bool(getattr(arguments, "leave", False))  # only of builds: what is deployed has to be looked at
    return Asked(arguments.on, arguments.push_to, leave, options, tuple(words))


async def places_for(
    nixtui: Assembly, asked: Asked, hosts: Sequence[Host], *, bring_back: bool = False
) -> tuple[Mapping[str, BuildPlace], Mapping[str, str]]:
    """A place for each host, and what nix's environment needs for it. `bring_back` what targets build as well. Raises
    `UsageError` and `Unreachable`.
    """
    where, push_to = asked.on, asked.push_to
    if asked.leave and where in (HERE, TARGET):
        raise UsageError("--leave goes with --on HOST: what is built here or on its target stays there anyway")
    named = {each for each in (where, push_to) if each not in (None, HERE, TARGET) and not _is_store(each)}
    machines = set(_MACHINE.findall(asked.options.builders or ""))
    fleet = {host.name: host for host in await nixtui.hosts()} if named | machines else {}
    if where in named and where not in fleet:
        raise UsageError(f'--on "{where}" is neither here, target, a store (ssh-ng://…) nor a host of the fleet')
    if push_to in named and push_to not in fleet:
        raise UsageError(f'--push-to "{push_to}" is neither a store (s3://…, file://…) nor a host of the fleet')
    reached = [fleet[each] for each in sorted(named | (machines & fleet.keys()))]
    stores, environ = await stores_of(nixtui, [*reached, *(hosts if where == TARGET else ())])
    push_to = stores.get(push_to, push_to) if push_to is not None else None
    if where == HERE:
        return dict.fromkeys((host.name for host in hosts), BuildPlace(push_to=push_to)), environ
    if where == TARGET:
        return {name: BuildPlace(stores[name], bring_back, push_to) for name in (host.name for host in hosts)}, environ
    place = BuildPlace(stores.get(where, where), bring_back=not asked.leave, push_to=push_to)
    return dict.fromkeys((host.name for host in hosts), place), environ


def _is_store(text: str) -> bool:
    return "://" in text or text.startswith(("local?", "/"))


async def stores_of(nixtui: Assembly, hosts: Iterable[Host]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The store of each host for nix, by name, and an environment whose ssh goes there as nixtui does, while `nixtui`
    is open. Raises `Unreachable`.
    """
    environ = nixtui.surroundings.environ
    called = {host.name: host for host in hosts}
    if not called:
        return {}, {}
    from nixtui.remote.ssh_program import ssh_program

    access = nixtui.pool.access
    names = {name: name if _STORE_NAME.fullmatch(name) else f"nixtui-{at}" for at, name in enumerate(called)}
    ways = {names[name]: await access.way(host) for name, host in called.items()}
    try:
        program = ssh_program(ways, access.settings, environ, cache_dir(environ) / "ssh")
        found = nixtui.keep_open(program)
    except NoShell as error:
        raise Unreachable(next(iter(called)), error.reason, "install OpenSSH: nix builds elsewhere over it") from error
    return {name: f"ssh-ng://{inside}" for name, inside in names.items()}, found
