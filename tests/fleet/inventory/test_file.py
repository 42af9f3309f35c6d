from nixtui.config.schema import HostSection
from nixtui.fleet.inventory.file import FileSource
from nixtui.fleet.inventory.source import PartialHost


def test_the_sections_are_the_hosts_in_their_order() -> None:
    sections = {
        "web-1": HostSection(address="10.0.1.11", port=22, user="deploy", flake_attr="web", tags={"env": "prod"}),
        "db-1": HostSection(),
    }
    assert FileSource(sections).found().hosts == (
        PartialHost(name="web-1", address="10.0.1.11", port=22, user="deploy", flake_attr="web", tags={"env": "prod"}),
        PartialHost(name="db-1"),
    )


def test_a_hostile_name_is_told_and_left_out() -> None:
    found = FileSource({"a b": HostSection(), "c": HostSection()}).found()
    assert [host.name for host in found.hosts] == ["c"]
    assert [problem.host for problem in found.problems] == ['"a b"']


async def test_it_answers_once() -> None:
    source = FileSource({"a": HostSection()})
    assert [found async for found in source.hosts()] == [source.found()]
