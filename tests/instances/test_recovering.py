"""What gets an instance back: steps in the order in which they lose least, and reasons for those that cannot."""

from pathlib import Path

import pytest

from nixtui.aws.instances import Instance
from nixtui.cli.main import parse
from nixtui.instances.doors import Seen, doors
from nixtui.instances.recovering import Playbook, Situation, playbooks
from nixtui.instances.standing import Group, Standing
from nixtui.model.image import Image
from tests.cli.conftest import Shell, shell
from tests.instances.fake_machines import FakeMachines, Machine, a_shell
from tests.remote.nixos_root import NixosRoot

__all__ = ["shell"]

WEB = "i-0a1b2c3d4e5f60718"
INSTANCE = Instance(
    identity=WEB, region="eu-central-1", state="running", private_address="10.0.0.1", kind="t3.small", image="ami-1"
)
IMAGE = Image(identity="ami-1", name="web", region="eu-central-1", state="available")
ALL_OPEN = Seen(agent="Online", nitro=True, serial=True, plugin=True)


def found(
    seen: Seen = ALL_OPEN, *, group: Group | None = None, image: Image | None = IMAGE, **more: object
) -> dict[str, Playbook]:
    known = {"host": "web-1", "ssh_closed": "connection refused", **more}
    standing = Standing(instance=INSTANCE, image=image, group=group)
    situation = Situation(standing, doors(INSTANCE, seen), **known)  # type: ignore[arg-type]  # as a test says
    return {each.name: each for each in playbooks(situation)}


def can(playbook: Playbook) -> list[str]:
    return [step.command for step in playbook.steps if step.closed is None]


def test_what_cannot_has_its_reason_and_what_can_comes_in_order() -> None:
    told = found()
    assert list(told) == ["configuration", "access", "store"]
    first, second, *_ = told["configuration"].steps
    assert (first.command, first.closed) == ("nixtui rollback web-1", "connection refused")
    assert (second.command, second.closed) == ("nixtui --via ssm rollback web-1", None)
    assert can(told["store"])[0] == "nixtui --via ssm store verify web-1"


def test_what_loses_most_comes_last_and_says_what() -> None:
    group = Group(name="web", region="eu-central-1", image="ami-2")
    *_, replace, _launch = found(group=group)["configuration"].steps
    assert (replace.closed, replace.command.startswith("nixtui instance terminate")) == (None, True)
    assert "its disks" in (replace.loses or "")
    assert "a replacement would come up on ami-2, not on ami-1" in (replace.loses or "")


@pytest.mark.parametrize(
    ("situation", "broke", "command", "why"),
    [
        ({"group": None}, "configuration", "terminate", "in no auto scaling group"),
        ({"image": None}, "store", "launch", "not registered any more"),
        ({"host": None}, "access", "--via ssm", "no host of this fleet"),
        ({"seen": Seen(agent="never registered")}, "access", "--via ssm", "never registered"),
        ({}, "access", "trust", "no host key is in question"),
    ],
)
def test_each_closed_step_has_its_reason(situation: dict, broke: str, command: str, why: str) -> None:
    step = next(each for each in found(**situation)[broke].steps if command in each.command)
    assert why in (step.closed or "")


def test_a_key_that_the_console_confirms_is_the_first_step_to_access() -> None:
    step = found(key_confirmed=True)["access"].steps[0]
    assert (step.command, step.closed) == ("nixtui instance trust web-1", None)


def test_every_command_of_nixtuis_own_is_one() -> None:
    """A step that somebody types at three must not be a usage error."""
    group = Group(name="web", region="eu-central-1", image="ami-1")
    commands = [step.command for each in found(group=group).values() for step in each.steps]
    own = [each for each in commands if each.startswith("nixtui ")]
    assert len(own) > 10
    for each in own:
        parse(each.split()[1:])  # exits where it is none


def test_the_command_tells_them_and_does_nothing(shell: Shell, tmp_path: Path) -> None:
    root = NixosRoot(tmp_path / "root")
    with FakeMachines(Machine(WEB, "web-1", "10.0.0.1", execute=a_shell("dash", environ=root.environment))) as fake:
        shell.environ.update(fake.environ)
        shell.configure('[ec2]\n[ssh]\nconnect_timeout = "1s"\n[hosts.web-1]\naddress = "127.0.0.1"\nport = 1\n')
        ended = shell.run("instance", "recover", "web-1", "--broke", "access")
        assert ended.code == 0, ended.err
        assert "If nobody can log in any more:" in ended.out
        assert "$ nixtui --via ssm status web-1" in ended.out
        assert "✗ a shell without SSH" in ended.out
        assert "session-manager-plugin is not installed here" in ended.out
        assert "the configuration broke" not in ended.out
        assert "nothing was done" in ended.err
        assert {"SendCommand", "TerminateInstances", "RebootInstances"}.isdisjoint(fake.calls)
