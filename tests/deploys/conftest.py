"""The command in a directory with a flake of the lab's hosts, and a fleet that is them."""

from dataclasses import dataclass

import pytest

from tests.cli.conftest import Shell, shell
from tests.deploys.flake import NIX_CONFIG, FleetFlake
from tests.lab.lab import Lab

__all__ = ["shell"]

CONFIGURATION = """
[fleet]
name = "lab"
sources = ["file"]

[ssh]
config = "{ssh_config}"
elevate = "none"
connect_timeout = "5s"

[activation]
revert_after = "12s"
activation_timeout = "60s"

{hosts}
"""


@dataclass
class Operator:
    """Somebody who deploys: a shell, the flake in its directory, the lab's hosts in its `nixtui.toml`."""

    shell: Shell
    flake: FleetFlake
    lab: Lab

    def configure(self, more: str = "", *, hosts: str | None = None, ssh: str = "") -> None:
        text = hosts if hosts is not None else "".join(f"[hosts.{name}]\n" for name in self.lab.hosts)
        written = CONFIGURATION.format(ssh_config=self.lab.ssh_config, hosts=text) + more
        if ssh:
            written = written.replace('elevate = "none"', ssh)
        self.shell.configure(written)

    def want_all(self, mark: str, **special: dict[str, object]) -> None:
        """All hosts with this mark; some of them with more."""
        self.flake.want(**{name: {"mark": mark, **special.get(name, {})} for name in self.lab.hosts})


@pytest.fixture
def operator(shell: Shell, lab: Lab) -> Operator:
    shell.environ["NIX_CONFIG"] = NIX_CONFIG
    made = Operator(shell, FleetFlake.make(shell.directory), lab)
    made.configure()
    made.want_all("one")
    return made
