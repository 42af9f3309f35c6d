"""Hosts that `nixtui.toml` names."""

from collections.abc import AsyncIterator, Mapping

from nixtui.config.schema import HostSection, Source
from nixtui.fleet.inventory.source import Found, PartialHost, admit


class FileSource:
    """The `[hosts.*]` sections; known at once."""

    name = Source.FILE.value

    def __init__(self, sections: Mapping[str, HostSection]) -> None:
        self._sections = sections

    def found(self) -> Found:
        """The hosts, in the file's order."""
        hosts = tuple(
            PartialHost(
                name=name,
                address=section.address,
                port=section.port,
                user=section.user,
                flake_attr=section.flake_attr,
                tags=section.tags,
                transport=section.transport,
            )
            for name, section in self._sections.items()
        )
        return admit(self.name, hosts)

    async def hosts(self) -> AsyncIterator[Found]:
        """`found`, once."""
        yield self.found()
