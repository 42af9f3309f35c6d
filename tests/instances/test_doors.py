"""Which doors of an instance can work, and why not."""

import pytest

from nixtui.aws.instances import Instance
from nixtui.instances.doors import Door, Seen, doors
from tests.aws.moto_aws import an_image, instances, moto_environ
from tests.cli.conftest import Shell, shell

__all__ = ["moto_environ", "shell"]

INSTANCE = Instance(
    identity="i-0a1b2c3d", region="eu-central-1", state="running", private_address="10.0.0.1", kind="t3.small"
)


def closed(seen: Seen, **more: str) -> dict[str, str | None]:
    instance = Instance(**{**{name: getattr(INSTANCE, name) for name in INSTANCE.__struct_fields__}, **more})
    return {door.name: door.closed for door in doors(instance, seen)}


def test_all_is_open_where_nothing_speaks_against_it() -> None:
    told = closed(Seen(agent="Online", nitro=True, serial=True, plugin=True), public_address="192.0.2.1")
    assert list(told)[:2] == ["Session Manager", "Run Command"]
    assert set(told.values()) == {None}


@pytest.mark.parametrize(
    ("seen", "door", "why"),
    [
        (Seen(agent="never registered", plugin=True), "Session Manager", "never registered"),
        (Seen(agent="ConnectionLost", plugin=True), "Run Command", "ConnectionLost"),
        (Seen(agent="Online"), "Session Manager", "not installed here"),
        (Seen(), "EC2 Instance Connect", "no public address"),
        (Seen(serial=False, nitro=True), "serial console", "off for the account"),
        (Seen(nitro=False), "serial console", "not built on Nitro"),
    ],
)
def test_each_closed_door_has_its_reason(seen: Seen, door: str, why: str) -> None:
    assert why in (closed(seen)[door] or "")


def test_of_one_that_is_stopped_only_the_console_is_left() -> None:
    told = closed(Seen(agent="Online", plugin=True), state="stopped")
    assert [name for name, reason in told.items() if reason is None] == ["console output"]
    assert next(iter(told)) == "console output"


def test_what_could_not_be_asked_is_doubt_and_closes_nothing() -> None:
    seen = Seen(plugin=True, unseen={"agent": "these credentials may not call ssm:DescribeInstanceInformation"})
    first: Door = doors(INSTANCE, seen)[0]
    assert (first.name, first.closed, "may not call" in (first.doubt or "")) == ("Session Manager", None, True)


def test_the_command_tells_them(shell: Shell, moto_environ: dict[str, str]) -> None:
    shell.environ.update(moto_environ)
    (identity,) = instances(1, an_image(), Name="web1")
    ended = shell.run("instance", "doors", "web1", "--json")
    assert ended.code == 0, ended.err
    told = {each["door"]: each for each in ended.json}
    assert "does not speak as AWS does" in told["serial console"]["doubt"]  # moto answers some calls in HTML
    assert "ssm:DescribeInstanceInformation" in told["Run Command"]["doubt"]
    assert identity in told["console output"]["command"]
    assert "console output" in shell.run("instance", "doors", identity).out
