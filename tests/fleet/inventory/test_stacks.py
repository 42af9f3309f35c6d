"""Hosts that are instances of declared stacks."""

import pytest

from nixtui.aws.instances import Instance
from nixtui.config import Configuration
from nixtui.fleet.inventory import inventory_of
from nixtui.fleet.inventory.ec2 import as_hosts
from nixtui.fleet.inventory.merge import merge
from nixtui.fleet.inventory.source import STACKS, Found, PartialHost
from nixtui.fleet.inventory.stacks import StackSource, stack_host
from nixtui.model.environment import Environment
from nixtui.model.machine import InstanceId
from tests.aws.moto_aws import an_image, instances, moto_environ
from tests.config.documents import document

__all__ = ["moto_environ"]

REGION = "eu-central-1"
DECLARED = document(
    "[stacks.review]\nregion = 'eu-central-1'\nuser = 'root'\nport = 2222\n"
    "[stacks.review.hosts.web]\nimage = 'web'\ntype = 't3.small'\ntags = { env = 'review' }\n"
    "[stacks.review.hosts.db]\nimage = 'web'\ntype = 't3.small'\nflake_attr = 'database'\n"
)


def tags(host: str, stack: str = "review", fleet: str = "shop") -> dict[str, str]:
    own = {"nixtui:stack": stack, "nixtui:stack-host": host, "nixtui:stack-fleet": fleet}
    return {"Name": f"{stack}-{host}", **own}


def an_instance(identity: str = "i-1", **more: object) -> Instance:
    known = {"private_address": "10.0.0.1", "public_address": "192.0.2.1", "tags": tags("web")}
    return Instance(identity=identity, region=REGION, state="running", **{**known, **more})  # type: ignore[arg-type]


async def found(environ: dict[str, str], fleet: str = "shop") -> Found:
    answers = [each async for each in StackSource(DECLARED.stacks, fleet, (), environ).hosts()]
    return answers[-1]


async def test_instances_with_the_very_tags_are_the_declared_hosts(moto_environ: dict[str, str]) -> None:
    image = an_image()
    (web,) = instances(1, image, **tags("web"))
    for others in (tags("mail"), tags("db", fleet="other"), tags("db", stack="review-2")):
        instances(1, image, **others)
    told = await found(moto_environ)
    (host,) = told.hosts
    assert (host.name, host.user, host.port, host.flake_attr) == ("review-web", "root", 2222, "web")
    assert host.instance == InstanceId(web, REGION)
    assert (host.tags["env"], host.tags["stack"], host.tags["ec2"]) == ("review", "review", web)
    assert told.problems == ()


async def test_two_that_are_one_are_none_and_told(moto_environ: dict[str, str]) -> None:
    instances(2, an_image(), **tags("web"))
    told = await found(moto_environ)
    assert told.hosts == ()
    assert "2 instances say that they are it" in str(told.problems[0])


async def test_when_aws_does_not_tell_that_is_told(
    moto_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    told = await found({**moto_environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert (told.hosts, "AWS cannot be reached" in str(told.problems[0])) == ((), True)


def test_what_an_instance_says_of_itself_does_not_beat_what_is_declared() -> None:
    """Whoever may tag an instance must not move it into another environment, or make it pass for another one."""
    claimed = {**tags("web"), "env": "prod", "stack": "other", "ec2": "i-2", "region": "x", "team": "shop"}
    host = stack_host("review", DECLARED.stacks["review"], "web", an_instance(tags=claimed))
    assert {key: host.tags[key] for key in ("env", "stack", "ec2", "region", "team")} == {
        "env": "review", "stack": "review", "ec2": "i-1", "region": REGION, "team": "shop",
    }  # fmt: skip


def test_it_is_reached_where_the_stack_says() -> None:
    public = document("[stacks.review]\nregion = 'eu-central-1'\naddress = 'public'\n"
                      "[stacks.review.hosts.web]\nimage = 'web'\ntype = 't3.small'\n").stacks["review"]  # fmt: skip
    assert stack_host("review", DECLARED.stacks["review"], "web", an_instance()).address == "10.0.0.1"
    assert stack_host("review", public, "web", an_instance()).address == "192.0.2.1"


def test_the_flakes_own_host_of_that_name_stays_a_host_of_its_own() -> None:
    """`web` may be in production, reached by an alias of ssh_config, while `review-web` comes and goes."""
    stack = stack_host("review", DECLARED.stacks["review"], "web", an_instance())
    known = {STACKS: [stack], "flake": [PartialHost(name="web", flake_attr="web")]}
    assert [(host.name, host.flake_attr) for host in merge(known)] == [("review-web", "web"), ("web", "web")]


def test_an_instance_that_ec2_lists_too_is_one_host_whatever_its_name_there() -> None:
    instance = an_instance()
    stack = stack_host("review", DECLARED.stacks["review"], "web", instance)
    for name_tag in ("Name", "nixtui:stack-host", "nothing"):
        listed, _ = as_hosts([instance, an_instance("i-2", tags=tags("web"), private_address="10.0.0.2")], name_tag)
        merged = merge({STACKS: [stack], "ec2": listed})
        assert (merged[0].name, merged[0].instance) == ("review-web", InstanceId("i-1", REGION))
        assert sum(host.instance == stack.instance for host in merged) == 1, merged
        assert len(merged) == 2


def test_environments_match_hosts_of_stacks() -> None:
    stack = stack_host("review", DECLARED.stacks["review"], "web", an_instance())
    for match in ("tag:stack=review", "review-*", "tag:env=review"):
        (host,) = merge({STACKS: [stack]}, [Environment(name="e", match=match)])
        assert host.environment == "e"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ("file", STACKS)),
        ("[fleet]\nsources = ['file']\n", ("file", STACKS)),
        ("[ec2]\n", ("file", STACKS, "ec2")),
        ("[fleet]\nsources = ['ec2', 'file']\n", (STACKS, "ec2", "file")),
    ],
)
def test_declared_stacks_are_asked_whatever_the_sources_are_and_before_ec2(tmp_path, text: str, names) -> None:
    text += "[hosts.a]\n[stacks.s]\nregion = 'eu-central-1'\n[stacks.s.hosts.web]\nimage = 'web'\ntype = 't3.small'\n"
    configuration = Configuration(None, tmp_path, document(text))
    assert inventory_of(configuration, tmp_path, {}).source_names == names


def test_without_stacks_nobody_is_asked(tmp_path) -> None:
    configuration = Configuration(None, tmp_path, document("[stacks.s]\nregion = 'eu-central-1'\n[hosts.a]\n"))
    assert inventory_of(configuration, tmp_path, {}).source_names == ("file",)
