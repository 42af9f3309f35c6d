"""Which host an instance is: its id before its name, its name before its address."""

from nixtui.aws.instances import Instance
from nixtui.instances.acting import told_apart
from nixtui.instances.belonging import hosts_of
from nixtui.instances.standing import Checks, Standing
from nixtui.model.host import Host


def instance(identity: str, name: str = "", private: str | None = None, public: str | None = None) -> Instance:
    tags = {"Name": name} if name else {}
    return Instance(
        identity=identity, region="r", state="running", private_address=private, public_address=public, tags=tags
    )


def named(instances: list[Instance], *hosts: Host) -> dict[str, str]:
    return {identity: host.name for identity, host in hosts_of(instances, hosts).items()}


def test_a_name_is_enough_where_one_instance_has_it() -> None:
    assert named([instance("i-1", "web")], Host(name="web", address="web")) == {"i-1": "web"}
    two = [instance("i-1", "web"), instance("i-2", "web")]
    assert named(two, Host(name="web", address="web")) == {}


def test_an_id_that_the_inventory_knows_beats_every_name() -> None:
    known = Host(name="web", address="a", tags={"ec2": "i-2"})
    assert named([instance("i-1", "web"), instance("i-2", "other")], known) == {"i-2": "web"}


def test_an_address_tells_where_nothing_else_does() -> None:
    host = Host(name="gateway", address="203.0.113.7")
    assert named([instance("i-1", "nat", private="10.0.0.1", public="203.0.113.7")], host) == {"i-1": "gateway"}
    assert named([instance("i-1", "nat", private="10.0.0.1")], host) == {}


def test_two_of_a_name_are_told_apart_by_their_ids() -> None:
    standings = [Standing(instance=instance(each, name)) for each, name in (("i-1", "a"), ("i-2", "b"), ("i-3", "b"))]
    assert told_apart(standings) == ["a", "b (i-2)", "b (i-3)"]


def test_checks_that_failed_are_told_from_those_that_have_not_passed_yet() -> None:
    assert Checks("impaired", "impaired").failed == "system and instance"
    assert (Checks("ok", "initializing").failed, Checks("ok", "initializing").odd) == (None, "initializing")
    assert (Checks("ok", "not-applicable").failed, Checks("ok", "not-applicable").odd) == (None, None)
