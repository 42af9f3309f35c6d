"""An instance and a host of another source are one where the source says so, by name, or by address."""

from nixtui.aws.instances import Instance
from nixtui.fleet.inventory.ec2 import as_hosts
from nixtui.fleet.inventory.merge import merge
from nixtui.fleet.inventory.source import PartialHost
from nixtui.model.host import Host
from nixtui.model.machine import InstanceId


def instance(identity: str, name: str | None = None, **more: object) -> Instance:
    tags = {"Name": name} if name else {}
    return Instance(identity=identity, region="r", state="running", **{"tags": tags, **more})  # type: ignore[arg-type]


def merged(instances: list[Instance], *others: PartialHost) -> dict[str, Host]:
    hosts, _ = as_hosts(instances, "Name")
    return {host.name: host for host in merge({"file": others, "ec2": hosts})}


def identities(hosts: dict[str, Host]) -> dict[str, str]:
    return {name: host.instance.identity for name, host in hosts.items() if host.instance}


def test_by_the_tag_that_the_file_gives() -> None:
    given = PartialHost(name="shop", address="shop.example", tags={"ec2": "i-1"})
    hosts = merged([instance("i-1", "web-1"), instance("i-2", "web-2")], given)
    assert set(hosts) == {"shop", "web-2"}
    assert (hosts["shop"].address, hosts["shop"].sources) == ("shop.example", ("file", "ec2"))
    assert hosts["shop"].instance == InstanceId("i-1", "r")


def test_by_name() -> None:
    hosts = merged([instance("i-1", "web-1", private_address="10.0.0.1")], PartialHost(name="web-1", user="ops"))
    assert hosts["web-1"].user == "ops"
    assert hosts["web-1"].instance == InstanceId("i-1", "r")


def test_by_each_of_its_addresses() -> None:
    for known in ("10.0.0.1", "192.0.2.1", "ip-10-0-0-1.internal", "EC2-192-0-2-1.example"):
        one = instance(
            "i-1",
            private_address="10.0.0.1",
            public_address="192.0.2.1",
            private_name="ip-10-0-0-1.internal",
            public_name="ec2-192-0-2-1.example",
        )
        hosts = merged([one], PartialHost(name="web", address=known))
        assert list(hosts) == ["web"]
        assert hosts["web"].instance == InstanceId("i-1", "r")


def test_a_host_is_one_instance_only_and_its_name_comes_before_its_address() -> None:
    """An address may be old, and of another machine by now."""
    known = PartialHost(name="web", address="10.0.0.1")
    hosts = merged(
        [instance("i-1", "web", private_address="10.0.0.9"), instance("i-2", private_address="10.0.0.1")], known
    )
    assert {name: host.instance.identity for name, host in hosts.items() if host.instance} == {
        "web": "i-1",
        "i-2": "i-2",
    }


def test_two_instances_never_become_one_host() -> None:
    both = [instance("i-1", private_address="10.0.0.1"), instance("i-2", public_address="10.0.0.1")]
    hosts = merged(both, PartialHost(name="web", address="10.0.0.1"))
    assert {name: host.instance.identity for name, host in hosts.items() if host.instance} == {
        "web": "i-1",
        "i-2": "i-2",
    }


def test_an_address_that_two_accounts_have_makes_nobody_a_host() -> None:
    here = instance("i-1", private_address="10.0.0.1", login="prod")
    there = instance("i-2", private_address="10.0.0.1", public_address="192.0.2.7", login="staging")
    hosts = merged(
        [here, there], PartialHost(name="web", address="10.0.0.1"), PartialHost(name="db", address="192.0.2.7")
    )
    assert identities(hosts) == {"i-1": "i-1", "db": "i-2"}
    assert (hosts["web"].login, hosts["i-1"].login, hosts["db"].login) == (None, "prod", "staging")


def test_what_the_file_claims_is_not_given_to_one_of_that_name() -> None:
    given = PartialHost(name="web", tags={"ec2": "i-2"})
    hosts = merged([instance("i-1", "web"), instance("i-2", "other")], given)
    assert hosts["web"].instance == InstanceId("i-2", "r")
    assert hosts["i-1"].instance == InstanceId("i-1", "r")


def test_who_may_tag_an_instance_cannot_make_it_pass_for_another() -> None:
    (host,), _ = as_hosts([instance("i-1", tags={"ec2": "i-2", "region": "elsewhere", "role": "db"})], "Name")
    assert (host.tags["ec2"], host.tags["region"], host.tags["role"]) == ("i-1", "r", "db")


def test_a_claim_counts_where_ec2_says_nothing() -> None:
    host = merged([], PartialHost(name="web", tags={"ec2": "i-1", "region": "eu-west-1"}))["web"]
    assert host.instance == InstanceId("i-1", "eu-west-1")
    assert merged([], PartialHost(name="web", tags={"ec2": "i-1"}))["web"].instance is None
