"""Instances as hosts, against moto on loopback."""

from pathlib import Path

import pytest

from nixtui.aws.instances import Instance
from nixtui.config import load_configuration
from nixtui.fleet.inventory import Snapshot, inventory_of
from nixtui.fleet.inventory.ec2 import as_hosts
from tests.aws.moto_aws import an_image, client, instances, moto_environ

__all__ = ["moto_environ"]


async def load(directory: Path, environ: dict[str, str], text: str) -> Snapshot:
    (directory / "nixtui.toml").write_text(text)
    environ = {**environ, "HOME": str(directory)}
    return await inventory_of(load_configuration(directory, environ), directory, environ).load()


async def test_instances_of_many_regions_are_merged_with_the_file(tmp_path: Path, moto_environ: dict[str, str]) -> None:
    image = an_image()
    (web,) = instances(1, image, Name="web-1", Fleet="shop", role="web")
    instances(1, an_image("us-east-1"), "us-east-1", Name="db-1", Fleet="shop")
    instances(1, image, Name="other", Fleet="another")
    snapshot = await load(
        tmp_path,
        moto_environ,
        """
        [ec2]
        regions = ["eu-central-1", "us-east-1"]
        filters = { "tag:Fleet" = "shop" }
        [hosts.web-1]
        user = "deploy"
        """,
    )
    assert snapshot.is_complete
    assert [problem for problem in snapshot.problems if not problem.note] == []
    hosts = {host.name: host for host in snapshot.hosts}
    assert set(hosts) == {"web-1", "db-1"}
    assert hosts["web-1"].sources == ("file", "ec2")
    assert hosts["web-1"].user == "deploy"
    told = client("ec2").describe_instances(InstanceIds=[web])["Reservations"][0]["Instances"][0]
    assert hosts["web-1"].address == told["PrivateIpAddress"]
    assert hosts["web-1"].tags["role"] == "web"
    assert hosts["web-1"].tags["ec2"] == web
    assert hosts["db-1"].tags["region"] == "us-east-1"


async def test_terminated_instances_are_no_hosts(tmp_path: Path, moto_environ: dict[str, str]) -> None:
    gone, there = instances(2, an_image(), Name="web")
    client("ec2").terminate_instances(InstanceIds=[gone])
    snapshot = await load(tmp_path, moto_environ, "[ec2]\nregions = ['eu-central-1']")
    assert [host.tags["ec2"] for host in snapshot.hosts] == [there]


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_REGION"])
async def test_what_is_missing_is_a_problem_and_the_file_still_counts(
    tmp_path: Path, moto_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv(missing)
    del moto_environ[missing]
    snapshot = await load(tmp_path, moto_environ, "[ec2]\n[hosts.a]")
    assert [host.name for host in snapshot.hosts] == ["a"]
    (problem,) = (each for each in snapshot.problems if each.source == "ec2")
    assert problem.remedy
    assert not problem.note


def instance(identity: str, name: str | None, **more: str) -> Instance:
    tags = {"Name": name} if name is not None else {}
    return Instance(identity=identity, region="r", state="running", private_address="10.0.0.1", tags=tags, **more)


def test_two_of_one_name_are_two_hosts() -> None:
    hosts, problems = as_hosts([instance("i-1", "web"), instance("i-2", "web"), instance("i-3", "db")], "Name")
    assert [host.name for host in hosts] == ["web-1", "web-2", "db"]
    assert [(problem.host, problem.note) for problem in problems] == [("web", True)]


def test_a_name_that_could_do_harm_is_not_used() -> None:
    hosts, (problem,) = as_hosts([instance("i-1", "-oProxyCommand=x"), instance("i-2", None)], "Name")
    assert [host.name for host in hosts] == ["i-1", "i-2"]
    assert "starts with a dash" in problem.reason


def test_an_instance_without_private_address_is_reached_by_its_public_one() -> None:
    only = Instance(identity="i-1", region="r", state="running", public_address="192.0.2.1")
    ((host,), _) = as_hosts([only], "Name")
    assert host.address == "192.0.2.1"
