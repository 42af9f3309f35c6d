"""Taking back an instance whose group would start what it was taken back from: said before, after, and in the fleet."""

from collections.abc import Iterator

import pytest

from tests.activation.conftest import truth
from tests.cli.conftest import Shell, lab_shell, shell
from tests.instances.fake_machines import FakeMachines, Machine
from tests.lab.host import Host

__all__ = ["lab_shell", "shell"]

pytestmark = pytest.mark.lab

WEB, AMI = "i-0a1b2c3d4e5f60718", "ami-0aaaaaaaaaaaaaaaa"


@pytest.fixture
def fake(lab_shell: Shell, host: Host) -> Iterator[FakeMachines]:
    """An image with the system that runs now, which is what is wrong with it."""
    with FakeMachines(Machine(WEB, host.name, host.address, image=AMI, group="web")) as running:
        running.images[AMI] = host.current_system()
        running.groups["web"] = AMI
        lab_shell.environ.update(running.environ)
        text = (lab_shell.directory / "nixtui.toml").read_text()
        lab_shell.configure(text.replace('sources = ["file"]', 'sources = ["file", "ec2"]') + "\n[ec2]\n")
        yield running


def test_what_a_replacement_would_come_up_on_is_said_before_and_after(
    lab_shell: Shell, host: Host, fake: FakeMachines
) -> None:
    newest = host.current_system()
    told = f"a replacement by group web would come up on the old system: {newest[44:]} ({AMI}), not on what runs"
    before = lab_shell.run("status", host.name, "--json").json[0]
    assert (before["ec2"]["group_system"], before["ec2"]["replacement"]) == (newest, None)
    dry = lab_shell.run("rollback", host.name, "--dry-run")
    assert f"! {told.replace('what runs', 'what it goes to')}" in dry.out, dry.err
    ended = lab_shell.run("rollback", host.name, "--yes", "--json")
    (only,) = ended.json["hosts"]
    assert ended.code == 0, ended.err
    assert told in only["detail"]
    assert only["remedy"] == "give the group an image of what runs: nixtui instance refresh web --image AMI"
    assert truth(host).current == host.generations[-2].path
    after = lab_shell.run("status", host.name)
    assert told in after.out
    assert lab_shell.run("status", "is:old-image", "--json").json[0]["name"] == host.name
    # going forward again is going where a replacement would come up, so nothing is said
    again = lab_shell.run("rollback", host.name, "--to", f"path:{newest}", "--yes", "--json")
    assert "replacement" not in (again.json["hosts"][0]["detail"] or "")


def test_when_ec2_cannot_be_asked_the_rollback_goes_on(lab_shell: Shell, host: Host, fake: FakeMachines) -> None:
    lab_shell.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
    ended = lab_shell.run("rollback", host.name, "--yes", "--json")
    assert ended.code == 0, ended.err
    assert "AWS cannot be reached" in ended.err
    assert truth(host).current == host.generations[-2].path
