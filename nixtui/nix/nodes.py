"""How deploy-rs and Colmena reach the nodes of a flake: only those attributes, never a whole system."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from nixtui.nix.errors import NixBadAnswer, NixError, NixFailed
from nixtui.nix.flake import Flake

_MAX_QUESTIONS = 40
"""Enough to find one broken node among a million, or four among fifty; at a second each, still under a minute."""

_DEPLOY = """deploy: {
  names = builtins.attrNames deploy.nodes;
  describe = name: let
    node = deploy.nodes.${name};
    profile = node.profiles.system or { };
  in {
    hostname = node.hostname or null;
    ssh_user = profile.sshUser or node.sshUser or deploy.sshUser or null;
    ssh_opts = (profile.sshOpts or [ ]) ++ (node.sshOpts or [ ]) ++ (deploy.sshOpts or [ ]);
  };
}"""

_HIVE = """hive: {
  names = builtins.attrNames hive.nodes;
  describe = name: let node = hive.deploymentConfig.${name}; in {
    target_host = node.targetHost or null;
    target_port = node.targetPort or null;
    target_user = node.targetUser or null;
    tags = node.tags or [ ];
  };
}"""

# Positions instead of names: nothing from the flake is ever put into an expression.
_ASK = """set: let
  kind = (%(kind)s) set;
  answer = name: let value = kind.describe name; in builtins.tryEval (builtins.deepSeq value value);
  wanted = builtins.filter (i: i >= %(start)d && i < %(end)d) (builtins.genList (i: i) (builtins.length kind.names));
in map (i: let name = builtins.elemAt kind.names i; in { inherit name; answer = answer name; }) wanted"""


class DeployNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node of `deploy.nodes`, its settings merged as deploy-rs does for the profile `system`."""

    hostname: str | None = None
    ssh_user: str | None = None
    ssh_opts: tuple[str, ...] = ()


class HiveNode(msgspec.Struct, frozen=True, kw_only=True):
    """`deployment.*` of a Colmena node. No `target_host` means that it is only ever deployed on itself."""

    target_host: str | None = None
    target_port: int | None = None
    target_user: str | None = None
    tags: tuple[str, ...] = ()


_Node = TypeVar("_Node")
Answers = Mapping[str, _Node | NixError]
"""What each node says of itself, or why it could not be asked."""


class _Attempt(msgspec.Struct, frozen=True):
    success: bool
    value: Any


class _Row(msgspec.Struct, frozen=True):
    name: str
    answer: _Attempt


async def deploy_nodes(flake: Flake, names: Sequence[str]) -> Answers[DeployNode]:
    """The nodes of deploy-rs; `names` are all of them, sorted as Nix does."""
    return await ask_each(flake, "deploy", _DEPLOY, names, DeployNode)


async def hive_nodes(flake: Flake, names: Sequence[str]) -> Answers[HiveNode]:
    """The nodes of Colmena, likewise; this evaluates the `deployment` options of each, about a second per node."""
    return await ask_each(flake, "colmenaHive", _HIVE, names, HiveNode)


async def ask_each(flake: Flake, attribute: str, kind: str, names: Sequence[str], node: type[_Node]) -> Answers[_Node]:
    """`kind` is a Nix function that gives the `names` of a set and how to `describe` each.

    Ask for all at once; where a node fails beyond `tryEval`, halve until it stands alone.

    The widest ranges are halved first, so that few nodes are left unasked when there are more broken ones than can be
    found. A failure that is not about nodes (no time is left) ends the search.
    """
    answers: dict[str, _Node | NixError] = {}
    waiting = deque([(0, len(names))])
    questions = 0
    while waiting:
        start, end = waiting.popleft()
        questions += 1
        try:
            rows = await flake.ask(attribute, _ASK % {"kind": kind, "start": start, "end": end}, list[_Row])
        except NixError as failure:
            if isinstance(failure, NixFailed) and end - start > 1 and questions < _MAX_QUESTIONS:
                middle = (start + end) // 2
                waiting += [(start, middle), (middle, end)]
                continue
            answers |= dict.fromkeys(names[start:end], failure)
            if not isinstance(failure, NixFailed):
                answers |= {name: failure for start, end in waiting for name in names[start:end]}
                waiting.clear()
        else:
            answers |= {row.name: _node(f"{attribute}.nodes", row, node) for row in rows}
    return answers


def _node(attribute: str, row: _Row, node: type[_Node]) -> _Node | NixError:
    if not row.answer.success:
        return NixFailed(f"its entry in {attribute} throws", "evaluate the entry by hand to see why")
    try:
        return msgspec.convert(row.answer.value, node)
    except msgspec.ValidationError as error:
        return NixBadAnswer(f"its entry in {attribute} is unusual: {error}")
