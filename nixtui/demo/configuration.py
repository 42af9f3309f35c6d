"""The demo's `nixtui.toml` and what it points to: an ssh_config, a key, and the host keys that are known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import tomli_w

from nixtui.demo.cloud_world import REGIONS
from nixtui.demo.server import LOOPBACK
from nixtui.demo.story import Character, Door

USER = "ops"
FLAKE = "infra"
"""The folder beside the configuration that systems are built from."""

_SSH_CONFIG = """\
# Only the demo's own key is offered, whatever keys and agents there are besides.
Host *
    IdentitiesOnly yes
    IdentityAgent none
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A host as the inventory gets to know it."""

    who: Character
    port: int
    host_key: asyncssh.SSHKey


def write_configuration(
    folder: Path, operator_key: asyncssh.SSHKey, hosts: Iterable[Listed], sources: Sequence[str]
) -> Path:
    """Write all files into `folder` and return the path of `nixtui.toml`."""
    listed = list(hosts)
    operator_key.write_private_key(folder / "id_ed25519")
    (folder / "id_ed25519").chmod(0o600)
    (folder / "ssh_config").write_text(_SSH_CONFIG)
    known = "".join(_known(each) for each in listed if each.who.door is not Door.STRANGER)
    (folder / "known_hosts").write_text(known)
    path = folder / "nixtui.toml"
    path.write_text(tomli_w.dumps(_document(listed, sources)))
    return path


def _known(each: Listed) -> str:
    public = each.host_key.export_public_key().decode().strip()
    return f"[{LOOPBACK}]:{each.port} {public}\n"


def _document(listed: Iterable[Listed], sources: Sequence[str]) -> Mapping[str, Any]:
    return {
        "fleet": {"name": "demo", "flake": f"./{FLAKE}", "sources": list(sources)},
        "ssh": {
            "config": "ssh_config",
            "known_hosts": ["known_hosts"],
            "identity_files": ["id_ed25519"],
            "elevate": "none",
        },
        "environments": {
            "prod": {"match": "tag:env=prod", "confirm": "type", "colour": "red"},
            "staging": {"match": "tag:env=staging"},
            "archive": {"match": "tag:env=archive", "read_only": True},
        },
        "ec2": {"regions": list(REGIONS)},
        "activation": {"revert_after": "30s", "health": ["systemctl is-active --quiet sshd.service"]},
        "rollout": {"canary": 1, "batch": "50%"},
        "hosts": {
            each.who.name: {
                "address": LOOPBACK,
                "port": each.port,
                "user": USER,
                "tags": dict(each.who.tags),
            }
            for each in listed
        },
    }
