"""Which system of a flake is meant: where it stands in the outputs, and what to ask for there."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from nixtui.nix.strings import attribute_name, nix_string

SYSTEM_PROFILE: Final = "system"


class Origin(StrEnum):
    """The output of a flake that a system comes from."""

    CONFIGURATION = "nixosConfigurations"
    DEPLOY = "deploy.nodes"
    HIVE = "colmenaHive"


HIVE_SCHEMA: Final = "v0.5"
"""What Colmena itself insists on (colmena: src/nix/hive/eval.nix)."""

CHECK_HIVE: Final = (
    f'assert (hive.__schema or null) == "{HIVE_SCHEMA}" || throw "this colmenaHive is not of schema {HIVE_SCHEMA}"; '
)

# A path in deploy.nodes is a derivation, or a string that says which one it belongs to.
_DERIVATION = """d: let
  of_string = builtins.attrNames (builtins.getContext (toString d));
  drv = if builtins.isAttrs d then d.drvPath else builtins.head of_string;
  out = builtins.tryEval (if builtins.isAttrs d then d.outPath or null else builtins.unsafeDiscardStringContext d);
in { inherit drv; out = if out.success then out.value else null; }"""

_OF_HIVE = """hive: %(check)slet
  drv = (hive.evalSelectedDrvPaths [ %(name)s ]).${%(name)s};
  out = builtins.tryEval (hive.toplevel.${%(name)s}.outPath or null);
in { inherit drv; out = if out.success then out.value else null; }"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A host's system: `name` in `origin`, there perhaps another `profile` than the system's."""

    host: str
    name: str
    origin: Origin = Origin.CONFIGURATION
    profile: str = SYSTEM_PROFILE

    @property
    def attribute(self) -> str:
        """The attribute path that a person would name; a name with a dot in it is one name."""
        name = attribute_name(self.name)
        match self.origin:
            case Origin.CONFIGURATION:
                return f"nixosConfigurations.{name}.config.system.build.toplevel"
            case Origin.DEPLOY:
                return f"deploy.nodes.{name}.profiles.{attribute_name(self.profile)}.path"
            case Origin.HIVE:
                return f"colmenaHive.toplevel.{name}"

    @property
    def question(self) -> tuple[str, str]:
        """The attribute that is asked, and the function that gives `{ drv, out }` of it.

        Of a hive that is what `colmena` itself asks, so that whatever it answers there counts.
        """
        if self.origin is Origin.HIVE:
            return "colmenaHive", _OF_HIVE % {"check": CHECK_HIVE, "name": nix_string(self.name)}
        return self.attribute, _DERIVATION

    @property
    def set_and_path(self) -> tuple[str, str]:
        """The attribute set with an entry per host, and the way from an entry to its derivation."""
        match self.origin:
            case Origin.CONFIGURATION:
                return "nixosConfigurations", "config.system.build.toplevel"
            case Origin.DEPLOY:
                return "deploy.nodes", f"profiles.{nix_string(self.profile)}.path"
            case Origin.HIVE:
                return "colmenaHive.toplevel", ""
