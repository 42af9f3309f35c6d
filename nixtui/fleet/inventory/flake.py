"""Hosts that a flake describes: its NixOS configurations, and how deploy-rs and Colmena reach them."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping

import msgspec

from nixtui.config.schema import Source
from nixtui.fleet.inventory.merge import combine
from nixtui.fleet.inventory.source import Found, PartialHost, SourceProblem, admit
from nixtui.fleet.inventory.ssh_options import read_options
from nixtui.model.naming import printable, shown_name
from nixtui.nix.errors import NixError
from nixtui.nix.flake import Flake
from nixtui.nix.nodes import Answers, DeployNode, HiveNode, deploy_nodes, hive_nodes
from nixtui.nix.outputs import Outputs, list_outputs

_NAME = Source.FLAKE.value


class FlakeSource:
    """The flake's `nixosConfigurations`, `deploy.nodes` and `colmenaHive`, in this order of arrival.

    Where both say how to reach a host, deploy-rs wins. A host that one of them knows is not told before it was
    asked: reaching `web-1` by its bare name, a second before its real address is known, could be another machine.
    """

    name = _NAME

    def __init__(self, flake: Flake) -> None:
        self._flake = flake

    async def hosts(self) -> AsyncIterator[Found]:
        """First the names nobody says more about, then those of deploy-rs, then those of Colmena."""
        try:
            outputs, failure = await list_outputs(self._flake)
        except NixError as error:
            yield Found(problems=(_problem(error),))
            return
        gathered = _Gathered(outputs)
        if failure is not None:
            gathered.problems.append(_problem(failure))
        gathered.problems += [_broken(attribute) for attribute in outputs.broken]
        if gathered.is_partial:
            yield gathered.found()
        if outputs.deploy_nodes:
            await gathered.ask_deploy(self._flake, outputs.deploy_nodes)
            if gathered.is_partial:
                yield gathered.found()
        if outputs.hive_nodes:
            await gathered.ask_hive(self._flake, outputs.hive_nodes)
        yield gathered.found()


class _Gathered:
    """What was learned so far, while the rest is still being evaluated."""

    def __init__(self, outputs: Outputs) -> None:
        self.problems: list[SourceProblem] = []
        self._configurations = outputs.configurations or ()
        self._deploy: Mapping[str, PartialHost] = {}
        self._hive: Mapping[str, PartialHost] = {}
        self._awaited_deploy = frozenset(outputs.deploy_nodes or ())
        self._awaited_hive = frozenset(outputs.hive_nodes or ())

    @property
    def is_partial(self) -> bool:
        """Somebody is still to be asked."""
        return bool(self._awaited_deploy or self._awaited_hive)

    def found(self) -> Found:
        names = sorted({*self._configurations, *self._deploy, *self._hive} - self._awaited_deploy - self._awaited_hive)
        admitted = admit(_NAME, tuple(self._host(name) for name in names))
        return Found(admitted.hosts, (*self.problems, *admitted.problems))

    async def ask_deploy(self, flake: Flake, names: tuple[str, ...]) -> None:
        answers = await deploy_nodes(flake, names)
        self.problems += _failures(answers)
        self._deploy = {name: _of_deploy(name, node) for name, node in answers.items() if isinstance(node, DeployNode)}
        self.problems += _unused_options(node for node in answers.values() if isinstance(node, DeployNode))
        self._awaited_deploy = frozenset()

    async def ask_hive(self, flake: Flake, names: tuple[str, ...]) -> None:
        answers = await hive_nodes(flake, names)
        self.problems += _failures(answers)
        self._hive = {
            name: _of_hive(name, node)
            for name, node in answers.items()
            if isinstance(node, HiveNode) and node.target_host is not None
        }
        self._awaited_hive = frozenset()

    def _host(self, name: str) -> PartialHost:
        plain = PartialHost(name=name, flake_attr=name if name in self._configurations else None)
        return combine(name, [each[name] for each in (self._deploy, self._hive) if name in each] + [plain])


def _of_deploy(name: str, node: DeployNode) -> PartialHost:
    return PartialHost(
        name=name, address=_bare(node.hostname), port=read_options(node.ssh_opts).port, user=node.ssh_user
    )


def _of_hive(name: str, node: HiveNode) -> PartialHost:
    """A tag of Colmena is a word; `role=web` in one is taken for what it says."""
    tags = {key: value for key, _, value in (tag.partition("=") for tag in node.tags)}
    return PartialHost(
        name=name, address=_bare(node.target_host), port=node.target_port, user=node.target_user, tags=tags
    )


def _bare(address: str | None) -> str | None:
    """IPv6 is written in brackets where it becomes part of a URL; ssh wants none."""
    return address[1:-1] if address and address.startswith("[") and address.endswith("]") else address


def _unused_options(nodes: Iterable[DeployNode]) -> list[SourceProblem]:
    unused = Counter(option for node in nodes for option in read_options(node.ssh_opts).unused)
    return [
        SourceProblem(
            source=_NAME,
            reason=f"sshOpts {printable(option)} of {count} nodes is not used",
            remedy="put it into ssh_config",
            note=True,
        )
        for option, count in unused.most_common(5)
    ]


def _failures(answers: Answers[DeployNode] | Answers[HiveNode]) -> list[SourceProblem]:
    """One problem for all nodes that fail alike: what breaks one node of a flake often breaks them all."""
    alike: dict[str, list[tuple[str, NixError]]] = {}
    for name, answer in answers.items():
        if isinstance(answer, NixError):
            alike.setdefault(answer.reason, []).append((shown_name(name), answer))
    return [_shared_problem(failed) for failed in alike.values()]


def _shared_problem(failed: list[tuple[str, NixError]]) -> SourceProblem:
    (host, error), *others = failed
    problem = _problem(error, host)
    if not others:
        return problem
    also = ", ".join(name for name, _ in others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
    return msgspec.structs.replace(problem, reason=f"{error.reason} (also {also})")


def _broken(attribute: str) -> SourceProblem:
    return SourceProblem(
        source=_NAME, reason=f"{attribute} throws an error", remedy=f"nix eval .#{attribute} --apply builtins.attrNames"
    )


def _problem(error: NixError, host: str | None = None) -> SourceProblem:
    return SourceProblem(source=_NAME, host=host, reason=error.reason, remedy=error.remedy, log=error.log)
