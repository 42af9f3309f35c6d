"""An inventory that is asked again: what was known stays where a source, or a region, does not tell now."""

from collections.abc import AsyncIterator
from pathlib import Path

from nixtui.config import load_configuration
from nixtui.fleet.inventory import Found, Inventory, PartialHost, SourceProblem, inventory_of
from tests.aws.moto_aws import an_image, client, instances, moto_environ

__all__ = ["moto_environ"]


class Told:
    """A source that says what it was given."""

    def __init__(self, name: str, *answers: Found) -> None:
        self.name = name
        self.answers = list(answers)

    async def hosts(self) -> AsyncIterator[Found]:
        yield self.answers.pop(0)


async def test_one_source_is_asked_and_the_others_still_count() -> None:
    first, second = Found((PartialHost(name="a"),)), Found((PartialHost(name="b"),))
    inventory = Inventory(
        (Told("file", first), Told("ec2", second, Found(problems=(SourceProblem(source="ec2", reason="x"),))))
    )
    assert [host.name for host in (await inventory.load()).hosts] == ["a", "b"]
    seen: list[tuple[str, ...]] = []
    again = await inventory.ask_again("ec2", lambda snapshot: seen.append(tuple(host.name for host in snapshot.hosts)))
    assert ([host.name for host in again.hosts], len(again.problems), again.is_complete) == (["a"], 1, True)
    assert seen == [("a",), ("a",)]


async def test_hosts_do_not_go_because_aws_cannot_be_asked(tmp_path: Path, moto_environ: dict[str, str]) -> None:
    (web,) = instances(1, an_image(), Name="web-1")
    (tmp_path / "nixtui.toml").write_text('[ec2]\nregions = ["eu-central-1", "us-east-1"]\n')
    environ = {**moto_environ, "HOME": str(tmp_path)}
    inventory = inventory_of(load_configuration(tmp_path, environ), tmp_path, environ)
    assert [host.name for host in (await inventory.load()).hosts] == ["web-1"]
    client("ec2").terminate_instances(InstanceIds=[web])
    (other,) = instances(1, an_image(), Name="web-1")
    (host,) = (await inventory.ask_again("ec2")).hosts
    assert host.instance is not None
    assert host.instance.identity == other
    environ["NIXTUI_DEMO"] = "1"  # from here on no call gets anywhere
    snapshot = await inventory.ask_again("ec2")
    assert snapshot.hosts == (host,)
    assert any(not problem.note for problem in snapshot.problems)
