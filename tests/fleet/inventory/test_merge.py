"""Many sources, one list of hosts."""

import random

from nixtui.fleet.inventory.merge import merge
from nixtui.fleet.inventory.source import PartialHost
from nixtui.model.environment import Environment
from nixtui.model.host import Host
from nixtui.model.selector import parse_selector


def names(hosts: tuple[Host, ...]) -> list[str]:
    return [host.name for host in hosts]


def test_a_name_is_enough_for_a_host() -> None:
    assert merge({"file": [PartialHost(name="web-1")]}) == (
        Host(name="web-1", address="web-1", flake_attr="web-1", tags={}, sources=("file",)),
    )


def test_of_each_field_the_first_source_with_a_value_wins() -> None:
    known = {
        "file": [PartialHost(name="a", user="ada", tags={"role": "web"})],
        "flake": [PartialHost(name="a", address="10.0.0.1", user="root", tags={"role": "db", "rack": "7"})],
        "ec2": [PartialHost(name="a", address="54.0.0.1", port=2222, flake_attr="base", tags={"rack": "8", "az": "b"})],
    }
    assert merge(known) == (
        Host(
            name="a",
            address="10.0.0.1",
            port=2222,
            user="ada",
            flake_attr="base",
            tags={"role": "web", "rack": "7", "az": "b"},
            sources=("file", "flake", "ec2"),
        ),
    )
    assert list(merge(known)[0].tags) == ["role", "rack", "az"]  # where there is no room for all, the first are shown


def test_the_order_of_the_sources_is_the_order_of_the_hosts() -> None:
    known = {
        "file": [PartialHost(name="z"), PartialHost(name="b")],
        "flake": [PartialHost(name="a"), PartialHost(name="b")],
    }
    assert names(merge(known)) == ["z", "b", "a"]
    assert names(merge(dict(reversed(known.items())))) == ["a", "b", "z"]


def test_a_source_that_names_a_host_twice_is_taken_at_its_first_word() -> None:
    known = {"ec2": [PartialHost(name="a", address="1.1.1.1"), PartialHost(name="a", address="2.2.2.2")]}
    assert [host.address for host in merge(known)] == ["1.1.1.1"]


def test_an_attribute_that_other_hosts_are_built_from_is_no_host() -> None:
    known = {
        "file": [PartialHost(name="web-1", flake_attr="web"), PartialHost(name="web-2", flake_attr="web")],
        "flake": [PartialHost(name="web", flake_attr="web"), PartialHost(name="db", flake_attr="db")],
    }
    assert names(merge(known)) == ["web-1", "web-2", "db"]


def test_unless_somebody_knows_how_to_reach_it() -> None:
    known = {
        "file": [PartialHost(name="web-2", flake_attr="web")],
        "flake": [PartialHost(name="web", address="10.0.0.1", flake_attr="web")],
    }
    assert names(merge(known)) == ["web-2", "web"]


def test_the_first_environment_that_matches_is_the_hosts() -> None:
    environments = [
        Environment(name="prod", match="tag:env=prod !web-9"),
        Environment(name="web", match="web-*"),
        Environment(name="rest", match="all"),
    ]
    known = {
        "file": [PartialHost(name=name, tags={"env": "prod"}) for name in ("db-1", "web-1", "web-9")]
        + [PartialHost(name="x")]
    }
    assert [(host.name, host.environment) for host in merge(known, environments)] == [
        ("db-1", "prod"),
        ("web-1", "prod"),
        ("web-9", "web"),
        ("x", "rest"),
    ]
    assert merge(known)[0].environment is None


def test_an_environment_is_chosen_by_the_tags_of_all_sources() -> None:
    known = {"file": [PartialHost(name="a")], "ec2": [PartialHost(name="a", tags={"env": "prod"})]}
    assert merge(known, [Environment(name="prod", match="tag:env=prod")])[0].environment == "prod"


def test_what_is_excluded_is_not_there() -> None:
    known = {"flake": [PartialHost(name=name) for name in ("web-1", "installer", "iso-arm")]}
    assert names(merge(known, exclude=parse_selector("installer,iso-*"))) == ["web-1"]


def test_merging_is_the_same_whoever_comes_first_with_what_nobody_disputes() -> None:
    """Sources that agree, or are silent, may answer in any order of precedence."""
    chance = random.Random(3)  # noqa: S311 - reproducible, not secret
    for _ in range(100):
        whole = PartialHost(name="a", address="10.0.0.1", port=22, user="u", flake_attr="x", tags={"k": "v"})
        sources = {
            source: [
                PartialHost(
                    name="a",
                    **{
                        field: getattr(whole, field)
                        for field in ("address", "port", "user", "flake_attr")
                        if chance.random() < 0.5
                    },
                    tags=whole.tags if chance.random() < 0.5 else {},
                )
            ]
            for source in ("file", "flake", "ec2")
        }
        shuffled = dict(chance.sample(list(sources.items()), 3))
        (one,), (other,) = merge(sources), merge(shuffled)
        assert (one.address, one.port, one.user, one.flake_attr, one.tags) == (
            other.address, other.port, other.user, other.flake_attr, other.tags,
        )  # fmt: skip
