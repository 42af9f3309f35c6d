"""The secrets of the demo's repository: sops and agenix files that were encrypted beforehand, and the key to them.

Encrypting them at every start would take a second and a sops that is not asked for yet. What is sealed in `sealed/` is
for keys that are made of the names of their owners, so that nothing has to be hidden: these secrets protect nothing.
`python -m tests.demo.seal` makes the files anew.
"""

from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Final

from nixtui.secrets.recipient import bech32

OPERATOR: Final = "mara"
"""Whose key the demo has."""

_SEALED: Final = "sealed"
_RULES: Final = {"sops.yaml": ".sops.yaml"}
"""Names that packages may not have, or leave out."""

FIRST_COMMIT: Final = 4
SECOND_COMMIT: Final = 7
"""The commits that brought the files, and another password."""

_EARLIER: Final = ".earlier"
_NOW: Final = ".now"
"""Ends of files that were other ones at first, and of those that are changed and not committed."""


def identity_of(name: str) -> str:
    """The age identity of somebody in the demo: the hash of their name."""
    return bech32("age-secret-key-", sha256(f"nixtui demo: {name}".encode()).digest()).upper()


def committed(commit: int) -> Mapping[str, bytes]:
    """The files of the repository that are other ones from a commit on, by path."""
    if commit == FIRST_COMMIT:
        found = {**_sealed(""), **_sealed(_EARLIER)}
        return dict(found)
    return _sealed("") if commit == SECOND_COMMIT else {}


def write_secrets(repository: Path, config: Path) -> None:
    """The working tree, and the key where sops looks for it, `config` being the user's configuration directory."""
    for name, content in {**_sealed(""), **_sealed(_NOW)}.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    keys = config / "sops/age/keys.txt"
    keys.parent.mkdir(parents=True)
    keys.touch(mode=0o600)
    keys.write_text(f"{identity_of(OPERATOR)}\n")


def _sealed(ending: str) -> dict[str, bytes]:
    """The sealed files with this end of their names, which is taken away; `--` in them is a slash."""
    found = {}
    for each in files(__package__).joinpath(_SEALED).iterdir():
        name = each.name
        if not ending and name.endswith((_EARLIER, _NOW)):
            continue
        if name.endswith(ending):
            name = name.removesuffix(ending).replace("--", "/")
            found[_RULES.get(name, name)] = each.read_bytes()
    return found
