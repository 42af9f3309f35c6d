"""The flake that a fleet's systems come from, the system of each host, and building them here: for commands and for
the app.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from time import monotonic

from nixtui.builds.job import BuildRequest
from nixtui.cli.assembly import Assembly
from nixtui.cli.build_places import HERE, TARGET, Asked, places_for
from nixtui.cli.exits import UsageError
from nixtui.cli.nodes import NO_NODES, Nodes, built_on_target, host_of, wanted_by
from nixtui.config.paths import state_dir
from nixtui.fleet.inventory import locate_flake
from nixtui.model.host import Host
from nixtui.model.system import System
from nixtui.nix.errors import NixError
from nixtui.nix.flake import Flake
from nixtui.nix.local_store import on_disk
from nixtui.nix.outputs import Outputs, list_outputs
from nixtui.nix.systems import Evaluation
from nixtui.nix.trace import EvaluationFailed
from nixtui.nix.version import nix_version

Told = Callable[[str, System | NixError], None]


def flake_of(nixtui: Assembly, options: Sequence[str] = ()) -> Flake:
    """The flake; `options` are words for every nix command. Raises `UsageError`."""
    found = flake_found(nixtui)
    if found is None:
        raise UsageError("there is no flake.nix here or above; name the flake in [fleet] flake")
    return found.with_options(tuple(options)) if options else found


def flake_found(nixtui: Assembly) -> Flake | None:
    """The flake, where there is one."""
    surroundings = nixtui.surroundings
    return locate_flake(nixtui.configuration, surroundings.cwd, surroundings.environ)


async def systems_of(
    flake: Flake,
    hosts: Sequence[Host],
    told: Told = lambda _, __: None,
    nodes: Nodes = NO_NODES,
    leave: Collection[str] = (),
) -> Mapping[str, System | NixError]:
    """Each host's system, or why there is none, `told` as it becomes known. Raises `NixError` where nix is missing.

    Of `nodes` what they are to have, which may be more than a system. Those to `leave` are not asked for.
    """
    outputs = Outputs(configurations=tuple(host.flake_attr for host in hosts if host.flake_attr))
    if any(host.flake_attr is None for host in hosts):
        try:
            outputs, _ = await list_outputs(flake)
        except EvaluationFailed:  # each host says so, with its own trace
            outputs = Outputs()
    evaluation = Evaluation(flake, told)
    wanted = [each for each in wanted_by(hosts, nodes, outputs) if each.host not in leave]
    found = dict(await evaluation.run(wanted))
    found |= {name: node for name, node in nodes.items() if isinstance(node, NixError) and name not in leave}
    missing = [each for each in found.values() if isinstance(each, NixError) and not isinstance(each, EvaluationFailed)]
    if len(missing) == len(found) and missing:
        raise missing[0]
    return found


def _all_here(host: str, systems: Mapping[str, System | NixError], environ: Mapping[str, str]) -> bool:
    """Whether all that it is to have was built, and is in this store: no host has to be asked for it."""
    own = [found for part, found in systems.items() if host_of(part) == host and isinstance(found, System)]
    return all(each.out_path is not None and on_disk(each.out_path, environ).exists() for each in own)


async def request_here(
    nixtui: Assembly,
    hosts: Sequence[Host],
    asked: Asked,
    nodes: Nodes = NO_NODES,
    leave: Collection[str] = (),
) -> BuildRequest:
    """What it takes to build what these hosts are to have: where it was asked for, and on a host itself where the flake
    wants it so; then it is copied back, to be looked at. Raises `NixError`, `UsageError` and `Unreachable`.
    """
    flake = flake_of(nixtui, asked.flake_words)
    began = monotonic()
    systems = await systems_of(flake, hosts, nodes=nodes, leave=leave)
    took = monotonic() - began
    on_target = built_on_target(nodes)
    chosen, environ = await places_for(nixtui, asked, hosts, bring_back=True)
    on_target -= {host for host in on_target if _all_here(host, systems, flake.environ)}
    if on_target and asked.on == HERE:
        there = [host for host in hosts if host.name in on_target]
        itself, environ = await places_for(nixtui, replace(asked, on=TARGET), there, bring_back=True)
        chosen = {**chosen, **itself}
    environments = {part: host.environment for host in hosts for part in systems if host_of(part) == host.name}
    return BuildRequest(
        systems=systems,
        places={part: chosen[host_of(part)] for part in systems},
        options=asked.options,
        version=await nix_version(flake.directory, flake.environ),
        directory=flake.directory,
        environ={**flake.environ, **environ},
        state=state_dir(nixtui.surroundings.environ),
        environments=environments,
        evaluated_in=took,
    )
