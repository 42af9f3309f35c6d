"""Which hosts a flake has, by the names of its outputs alone: no system and no node is evaluated for it."""

import msgspec

from nixtui.nix.errors import NixError, NixFailed
from nixtui.nix.flake import Flake

_NAMES_OF = {
    "configurations": "nixosConfigurations",
    "deploy_nodes": "deploy.nodes",
    "hive_nodes": "colmenaHive.nodes",
}

# tryEval catches what an output throws; what it cannot catch (a missing attribute) fails the whole question.
_LIST = (
    "outputs: let names = set: let found = builtins.tryEval (builtins.attrNames set); in "
    "if found.success then found.value else null; in { "
    + " ".join(f"{field} = names (outputs.{attribute} or {{}});" for field, attribute in _NAMES_OF.items())
    + " }"
)


class Outputs(msgspec.Struct, frozen=True, kw_only=True):
    """Names in `nixosConfigurations`, `deploy.nodes` and `colmenaHive.nodes`; `None` for one that is broken."""

    configurations: tuple[str, ...] | None = ()
    deploy_nodes: tuple[str, ...] | None = ()
    hive_nodes: tuple[str, ...] | None = ()

    @property
    def broken(self) -> tuple[str, ...]:
        """The outputs that throw, as they are called in a flake."""
        return tuple(attribute for field, attribute in _NAMES_OF.items() if getattr(self, field) is None)


async def list_outputs(flake: Flake) -> tuple[Outputs, NixError | None]:
    """The names, and why some may be missing. Raises `NixError` when nothing could be had.

    Where asking for all at once fails, each output is asked for by itself: one that is broken beyond `tryEval` must
    not hide the others. What fails then may as well not exist, which only the first failure's words can tell.
    """
    try:
        return await flake.ask_outputs(_LIST, Outputs), None
    except NixFailed as failure:
        found: dict[str, tuple[str, ...]] = {}
        for field, attribute in _NAMES_OF.items():
            try:
                found[field] = await flake.ask(attribute, "builtins.attrNames", tuple[str, ...])
            except NixFailed:
                continue  # told by the first failure
        if not found:
            raise
        return Outputs(**found), failure
