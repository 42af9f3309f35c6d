"""The first run without a configuration: what was found, and watching it once somebody says so."""

from collections.abc import Callable

import msgspec

from nixtui.cli.assembly import Assembly
from nixtui.config import load_configuration
from nixtui.config.looking_around import Found, look_around
from nixtui.config.proposing import propose, where_to_write, write_new
from nixtui.config.schema import FleetSection, HostSection, Source


class LiveFirstRun:
    """`adopted` is called when the fleet is another one than the empty one that the app began with."""

    def __init__(self, nixtui: Assembly, adopted: Callable[[], None]) -> None:
        surroundings = nixtui.surroundings
        self._nixtui = nixtui
        self._adopted = adopted
        self.found: Found = look_around(surroundings.cwd, surroundings.environ)
        self.path = where_to_write(self.found)
        self.proposal = propose(self.found)

    @classmethod
    def where_nothing_is_known(cls, nixtui: Assembly, adopted: Callable[[], None]) -> "LiveFirstRun | None":
        """A first run, when there is neither a configuration nor a flake to take hosts from."""
        if nixtui.configuration.path is not None:
            return None
        first = cls(nixtui, adopted)
        return first if first.found.flake is None else None

    def write(self) -> None:
        """Write the proposed file and watch what it says. Raises `OSError`."""
        write_new(self.path, self.proposal)
        surroundings = self._nixtui.surroundings
        configuration = load_configuration(surroundings.cwd, surroundings.environ, self.path)
        self._nixtui.adopt(configuration, read_only=self._nixtui.policy.read_only)
        self._adopted()

    def watch_ssh_hosts(self) -> None:
        """Watch the hosts of ssh_config, read-only, for as long as the app runs."""
        before = self._nixtui.configuration
        document = msgspec.structs.replace(
            before.document,
            fleet=FleetSection(name="ssh_config", sources=(Source.FILE,)),
            hosts={name: HostSection() for name in self.found.ssh_hosts},
        )
        configuration = msgspec.structs.replace(before, document=document)
        self._nixtui.adopt(configuration, read_only=True)
        self._adopted()
