"""How the flake itself says that hosts are deployed: as nodes of deploy-rs or of Colmena, where they are any."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from nixtui.model.host import Host
from nixtui.nix.colmena import HiveTarget, hive_targets
from nixtui.nix.deploy_rs import DeployTarget, deploy_targets
from nixtui.nix.errors import NixError
from nixtui.nix.flake import Flake
from nixtui.nix.outputs import Outputs, list_outputs
from nixtui.nix.systems import whence
from nixtui.nix.wanted import Origin, Wanted

Nodes = Mapping[str, DeployTarget | HiveTarget | NixError]
"""By host name; hosts that are no nodes are not in it."""

NO_NODES: Nodes = MappingProxyType({})


async def nodes_of(flake: Flake, hosts: Sequence[Host]) -> Nodes:
    """What the flake says of those hosts that are nodes of it. Raises nothing: what is broken is an answer as well."""
    try:
        outputs, _ = await list_outputs(flake)
    except NixError:
        return {}  # evaluating the systems fails too, and says why
    by_deploy_rs, by_colmena = set(outputs.deploy_nodes or ()), set(outputs.hive_nodes or ())
    found: dict[str, DeployTarget | HiveTarget | NixError] = {}
    if of_hive := {host.name: flake_name(host) for host in hosts if flake_name(host) in by_colmena - by_deploy_rs}:
        try:
            in_hive = await hive_targets(flake, outputs.hive_nodes or ())
            found |= {host: in_hive[name] for host, name in of_hive.items()}
        except NixError as error:
            found |= dict.fromkeys(of_hive, error)
    if of_deploy := {host.name: flake_name(host) for host in hosts if flake_name(host) in by_deploy_rs}:
        in_deploy = await deploy_targets(flake, outputs.deploy_nodes or ())
        found |= {host: in_deploy[name] for host, name in of_deploy.items()}
    return found


def flake_name(host: Host) -> str:
    """What the host is called in the flake."""
    return host.flake_attr or host.name


def part_of(host: str, profile: str) -> str:
    """What a profile beside the system's is called where each is built. No host is: names of hosts have no blanks."""
    return f"{host} ({profile})"


def host_of(part: str) -> str:
    """The host that something is built for."""
    return part.partition(" (")[0]


def wanted_by(hosts: Sequence[Host], nodes: Nodes, outputs: Outputs) -> list[Wanted]:
    """What has to be built for these hosts: of nodes every profile, of others the system."""
    plain = [(host.name, flake_name(host)) for host in hosts if host.name not in nodes]
    return [
        *whence(plain, outputs),
        *(
            Wanted(host.name, flake_name(host), Origin.HIVE)
            for host in hosts
            if isinstance(nodes.get(host.name), HiveTarget)
        ),
        *(
            Wanted(
                host.name if profile.is_system else part_of(host.name, profile.name),
                flake_name(host),
                Origin.DEPLOY,
                profile.name,
            )
            for host in hosts
            if isinstance(node := nodes.get(host.name), DeployTarget)
            for profile in node.profiles
        ),
    ]


def built_on_target(nodes: Nodes) -> set[str]:
    """The hosts that the flake wants to build on themselves: all that a node has, or none of it."""
    return {
        host
        for host, node in nodes.items()
        if (isinstance(node, DeployTarget) and any(each.remote_build for each in node.profiles))
        or (isinstance(node, HiveTarget) and node.build_on_target)
    }
