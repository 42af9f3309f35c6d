"""`--on` and `--push-to`: the store that each host's system is built in."""

from argparse import Namespace
from collections.abc import Mapping, Sequence

from nixtui.cli.exits import UsageError
from nixtui.model.host import Host
from nixtui.nix.build_place import BuildPlace

HERE = "here"
TARGET = "target"


def places_for(
    arguments: Namespace, hosts: Sequence[Host], fleet: Sequence[Host]
) -> tuple[Mapping[str, BuildPlace], Mapping[str, str]]:
    """A place for each host, and what nix's environment needs for it. Raises `UsageError`."""
    where, push_to = arguments.on, arguments.push_to
    if arguments.leave and where in (HERE, TARGET):
        raise UsageError("--leave goes with --on HOST: what is built here or on its target stays there anyway")
    if where == HERE:
        return dict.fromkeys((host.name for host in hosts), BuildPlace(push_to=push_to)), {}
    if where == TARGET:
        return {host.name: BuildPlace(store_of(host), push_to=push_to) for host in hosts}, {}
    if "://" in where or where.startswith("local?"):
        store = where
    else:
        found = next((host for host in fleet if host.name == where), None)
        if found is None:
            raise UsageError(f'--on "{where}" is neither here, target, a store (ssh-ng://…) nor a host of the fleet')
        store = store_of(found)
    place = BuildPlace(store, bring_back=not arguments.leave, push_to=push_to)
    return dict.fromkeys((host.name for host in hosts), place), {}


def store_of(host: Host) -> str:
    """The host's store for nix, which starts its own `ssh`: through ssh_config, as that does.

    A port has no place in such a URL before Nix 2.32, and NIX_SSHOPTS is one for all hosts.
    """
    if host.port not in (None, 22):
        raise UsageError(
            f"{host.name} has port {host.port}, which nix takes only from ssh_config; "
            "write it there, and give --on ssh-ng://ALIAS"
        )
    address = f"[{host.address}]" if ":" in host.address else host.address
    return f"ssh-ng://{host.user}@{address}" if host.user else f"ssh-ng://{address}"
