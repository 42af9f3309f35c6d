"""A stack from its first moment to its last, its instance a real host: systemd, sshd, Nix, a flake."""

from pathlib import Path

import pytest

from tests.activation.conftest import leftovers, truth
from tests.aws.moto_aws import an_image, client
from tests.cli.conftest import Shell
from tests.deploys.flake import NIX_CONFIG, FleetFlake
from tests.instances.fake_machines import listed
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.stacks.conftest import REGION, described
from tests.stacks.door import Door

pytestmark = pytest.mark.lab

CONFIGURATION = """
[fleet]
name = "lab"
sources = ["file"]

[ssh]
config = "{ssh_config}"
known_hosts = ["{known_hosts}"]
elevate = "none"
connect_timeout = "5s"

[activation]
revert_after = "12s"
activation_timeout = "60s"

[stacks.review]
region = "{region}"

[stacks.review.hosts.web]
image = "{image}"
type = "t3.small"
tags = {{ env = "review" }}
"""


@pytest.fixture
def operator(shell: Shell, lab: Lab, host: Host, moto_environ: dict[str, str], door: Door) -> Shell:
    """Whoever launches review-web gets the lab's host, with its key on the console."""
    shell.environ.update(moto_environ)
    shell.environ |= {"AWS_ENDPOINT_URL": door.url, "NIX_CONFIG": NIX_CONFIG}
    FleetFlake.make(shell.directory).want(web={"mark": "one"})
    known_hosts = shell.directory / "known_hosts"
    text = CONFIGURATION.format(
        ssh_config=lab.ssh_config, known_hosts=known_hosts, region=REGION, image=an_image(name="web")
    )
    shell.configure(text)
    _, fingerprint, *_ = host.run("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").stdout.split()
    door.addresses["review-web"] = host.address
    door.consoles["review-web"] = listed((fingerprint, "ED25519"))
    return shell


def test_created_deployed_logged_in_to_and_destroyed(operator: Shell, host: Host) -> None:
    known_hosts = Path(operator.directory / "known_hosts")
    created = operator.run("stack", "create", "review", "--yes", "--json")
    assert created.code == 0, created.err
    (instance,) = (each["InstanceId"] for each in described())
    assert [(each["name"], each["to"]) for each in created.json["hosts"]] == [("review-web", instance)]
    assert known_hosts.read_text().startswith(f"{host.address} ssh-ed25519 ")

    before = operator.run("status", "--json").json
    assert [(each["name"], each["address"], each["state"]) for each in before] == [("review-web", host.address, "up")]
    assert (before[0]["tags"]["env"], before[0]["tags"]["stack"]) == ("review", "review")
    assert before[0]["ec2"]["instance_id"] == instance

    deployed = operator.run("stack", "deploy", "review", "--yes", "--json", timeout=150)
    assert deployed.code == 0, deployed.err
    (row,) = deployed.json["hosts"]
    assert (row["name"], row["outcome"], row["phase"]) == ("review-web", "committed", "activation")
    now = truth(host)
    assert now.current == now.profile == now.boot_default == row["to_system"]
    assert "-one-26.05" in now.current
    assert leftovers(host) == ""
    assert operator.run("status", "review-web", "--json").json[0]["current_system"] == row["to_system"]

    asked = operator.run("stack", "ssh", "review", "web", "--", "readlink", "/run/current-system")
    assert (asked.code, asked.out.strip()) == (0, row["to_system"]), asked.err

    destroyed = operator.run("stack", "destroy", "review", "--yes", "--json")
    assert destroyed.code == 0, destroyed.err
    assert [each["State"]["Name"] for each in described()] == ["terminated"]
    assert operator.run("stack", "ssh", "review", "web").code == 5
    assert "the fleet has no hosts" in operator.run("status").out + operator.run("status").err
    kinds = [each["kind"] for each in operator.run("journal", "--json").json]
    assert kinds == ["stack-destroy", "deploy", "stack-create"]


def test_an_address_that_was_another_instances_is_trusted_anew_by_its_console_only(
    operator: Shell, host: Host, door: Door
) -> None:
    """Addresses are used again: known_hosts then has the key of a machine that is gone."""
    known_hosts = Path(operator.directory / "known_hosts")
    old = "AAAAC3NzaC1lZDI1NTE5AAAAIMvB6tcLNIjdUqPKZvE+lvpGvBmP7UyJ3ccJCSk4gK2v"
    known_hosts.write_text(f"{host.address} ssh-ed25519 {old}\n")
    shown = door.consoles.pop("review-web")
    door.consoles["review-web"] = listed(("SHA256:9hPksPsKffQHey0dtyLgafqhA1rfKW8mjYBj1s12Pr4", "ED25519"))
    refused = operator.run("stack", "create", "review", "--yes", "--json")
    assert (refused.code, "SAYS OTHERWISE" in refused.out) == (1, True), refused.out
    assert old in known_hosts.read_text()
    door.consoles["review-web"] = shown
    created = operator.run("stack", "create", "review", "--yes", "--json")
    assert created.code == 0, created.err
    assert old not in known_hosts.read_text()
    assert len(client("ec2").describe_instances()["Reservations"]) == 1
