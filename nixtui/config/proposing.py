"""The `nixtui.toml` that would do for what was found: short, and with the reasons in it.

tomli-w cannot write comments, so it writes the values, table by table, and the comments are put between them.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from nixtui.config.discovery import FILE_NAME
from nixtui.config.looking_around import Found
from nixtui.model.naming import one_line

_COLUMNS: Final = 70
"""Comments are read in a dialog on 80 columns as well."""

_HEAD = """\
# The fleet that nixtui watches. Every line may go: each has a default that does.
# Is it right?       nixtui config check
# What is in force?  nixtui config show
"""
_FROM_FLAKE = (
    "Hosts are the flake's nixosConfigurations (deploy.nodes and colmenaHive too), reached as `ssh NAME` would."
)
_FROM_SSH = "Hosts of ~/.ssh/config; how each is reached is read from there. Take away what is no NixOS host."
_MORE_SSH = "~/.ssh/config also knows these. They are named here to be watched although the flake does not have them:"
_NO_HOSTS = "No hosts were found. Each needs a table; its name is what `ssh NAME` would take, unless it has an address:"
_ENVIRONMENTS = (
    'Where one has to be careful: to change anything here, the host\'s name is typed (confirm = "key" asks less,'
    " read_only = true forbids it)."
)
_EC2 = "EC2 instances as hosts. AWS profiles that were found: "


def where_to_write(found: Found) -> Path:
    """Beside the flake, where its hosts are told apart by it; else here."""
    return (found.flake or found.cwd) / FILE_NAME


def propose(found: Found) -> str:
    """The text of the file. It is valid, whatever was found."""
    return "\n".join([_HEAD, *_tables(found)])


def _tables(found: Found) -> Iterator[str]:
    fleet: dict[str, Any] = {"name": _fleet_name(found)}
    if found.flake is not None:
        yield _table(_FROM_FLAKE, {"fleet": {**fleet, "flake": "."}})
    else:
        yield _table("", {"fleet": {**fleet, "sources": ["file"]}})
    hosts: dict[str, Any] = {name: {} for name in found.ssh_hosts}
    if not hosts and found.flake is None:
        example = {"address": "10.0.1.11", "user": "root", "tags": {"env": "prod", "role": "web"}}
        yield _table(_NO_HOSTS, {"hosts": {"web-1": example}}, only_shown=True)
    elif hosts:
        yield _table(
            _FROM_SSH if found.flake is None else _MORE_SSH, {"hosts": hosts}, only_shown=found.flake is not None
        )
    prod = {"match": "tag:env=prod", "confirm": "type"}
    yield _table(_ENVIRONMENTS, {"environments": {"prod": prod}}, only_shown=True)
    if found.aws_profiles:
        profile = {"profile": found.aws_profiles[0], "regions": ["eu-central-1"]}
        yield _table(_EC2 + ", ".join(found.aws_profiles), {"ec2": profile}, only_shown=True)


def _fleet_name(found: Found) -> str:
    return one_line((found.flake or found.cwd).name) or "fleet"


def _table(comment: str, values: Mapping[str, Any], *, only_shown: bool = False) -> str:
    """A table under its comment; `only_shown` ones are comments themselves, to be uncommented by whoever wants them."""
    import tomli_w

    lines = [f"# {line}" for line in _wrapped(comment)]
    for line in tomli_w.dumps(values).splitlines():
        lines.append(f"# {line}".rstrip() if only_shown else line)
    return "\n".join(lines) + "\n"


def _wrapped(text: str) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + len(word) >= _COLUMNS:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    if line:
        yield line


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. Raises `FileExistsError` when it is, or another `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
