"""Flakes of deploy-rs, deployed by `nixtui deploy`: what is left on the host is what deploy-rs leaves there."""

from pathlib import Path
from secrets import token_hex

import pytest

from tests.activation.conftest import leftovers
from tests.deploys.conftest import Operator
from tests.deploys.deploy_rs import NodesFlake, by_deploy_rs
from tests.lab.host import Host

pytestmark = pytest.mark.lab

SYSTEM = "/nix/var/nix/profiles/system"

SYSTEMS = """{
  nodes = builtins.mapAttrs (name: configuration: {
    hostname = name;
    profiles.system = { user = "root"; sshUser = "root"; path = lib.nixos configuration; };
  }) fleet.nixosConfigurations;
}"""


@pytest.fixture
def nodes(operator: Operator) -> NodesFlake:
    made = NodesFlake.make(operator.flake)
    made.deploy(SYSTEMS)
    return made


def system_in(host: Host, profile: str) -> str:
    return host.sh(f"dirname $(readlink -f {profile}/nixos-version)")


def boots(host: Host) -> str:
    """The system that a host's next boot starts: the default where there is one, else that of the newest entry."""
    text = "cat /boot/loader/loader.conf"
    if any(line.startswith("default") for line in host.sh(text).splitlines()):
        return host.boot_default()
    newest = host.generation_numbers()[-1]
    return host.sh(
        f"sed -n 's|^options .*init=\\([^ ]*\\)/init.*|\\1|p' /boot/loader/entries/nixos-generation-{newest}.conf"
    )


def test_the_profile_is_what_deploy_rs_wraps_and_the_system_in_it_runs(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert ended.code == 0, ended.err
    host, twin = hosts[0], hosts[1]
    closure = host.profile().path
    assert "-activatable-nixos-system-h1-one-26.05" in closure
    assert Path(closure, "deploy-rs-activate").exists()
    assert host.current_system() == boots(host) == system_in(host, closure) == ended.json["hosts"][0]["to_system"]
    assert leftovers(host) == ""

    assert operator.shell.run("deploy", "h2", "--action", "dry-activate", "--yes").code == 0  # only copied
    by_deploy_rs(twin, nodes.path("h2"), SYSTEM)
    for each, name in ((host, "h1"), (twin, "h2")):
        assert each.profile().path == nodes.path(name)
        assert each.current_system() == boots(each) == system_in(each, nodes.path(name))
        assert each.profile().number == each.generations[-1].number + 1


def test_what_only_boots_next_is_left_as_deploy_rs_leaves_it(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    host, twin = hosts[0], hosts[1]
    before = host.current_system()
    ended = operator.shell.run("deploy", "h1", "--action", "boot", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert operator.shell.run("deploy", "h2", "--action", "dry-activate", "--yes").code == 0  # only copied
    by_deploy_rs(twin, nodes.path("h2"), SYSTEM, boot=True)
    for each, name in ((host, "h1"), (twin, "h2")):
        assert each.profile().path == nodes.path(name)
        assert boots(each) == system_in(each, nodes.path(name))
    assert host.current_system() == before
    assert leftovers(host) == ""


def test_a_login_with_sudo_deploys_system_and_profiles(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    host = hosts[0]
    operator.configure(hosts='[hosts.h1]\nuser = "deploy"\n', ssh='elevate = "sudo"')
    nodes.deploy(with_app("1.0"))
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert host.profile().path == nodes.path("h1")
    assert left(host, ROOTS_APP)[1].endswith(nodes.path("h1", "app"))
    assert host.sh(f"stat -c %U {ROOTS_APP}") == "root"
    assert leftovers(host) == ""


def test_what_runs_already_is_said_and_a_generation_of_deploy_rs_is_gone_back_to(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    host = hosts[0]
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    first = host.profile()
    again = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert (again.code, again.json["hosts"][0]["outcome"]) == (0, "unchanged"), again.err
    assert f"{first.number}*" not in operator.shell.run("status", "h1").out  # it runs what its profile says
    operator.want_all("two")
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    assert host.profile().number == first.number + 1
    back = operator.shell.run("rollback", "h1", "--to", "previous", "--yes", "--json")
    assert back.code == 0, back.out + back.err
    assert back.json["hosts"][0]["to"] == first.number
    assert host.profile() == first
    assert "-one-26.05" in host.current_system()
    assert boots(host) == host.current_system()
    listed = operator.shell.run("generations", "h1", "--json").json
    (running,) = [each for each in listed if each["running"]]
    assert running["number"] == first.number


def test_a_system_that_fails_goes_back_to_what_another_tool_had_left(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    host = hosts[0]
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    before = (host.current_system(), host.profile(), boots(host))
    operator.want_all("two", h1={"breaks": True})
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert (ended.code, ended.json["hosts"][0]["outcome"]) == (1, "reverted"), ended.err
    assert (host.current_system(), host.profile(), boots(host)) == before
    assert leftovers(host) == ""


def with_app(app: str, *, order: str = "", user: str = "root", more: str = "") -> str:
    """Every host with its system and a profile `app`, whose activation says what it was given."""
    return f"""{{
      nodes = builtins.mapAttrs (name: configuration: {{
        hostname = name;
        sshUser = "root";
        {order}
        profiles.system = {{ user = "root"; path = lib.nixos configuration; }};
        profiles.app = {{
          user = "{user}";
          path = lib.custom (packages.named "app" "{app}" {{ }}) ''
            echo "$(id -un) $HOME $PWD $PROFILE" >>/var/tmp/app.log
            readlink -f "$PROFILE" >>/var/tmp/app.log
            {more}
          '';
        }};
      }}) fleet.nixosConfigurations;
    }}"""


ROOTS_APP = "/nix/var/nix/profiles/per-user/root/app"


def left(host: Host, link: str) -> tuple[str, ...]:
    """A profile's links and its generations', as they are."""
    shown = host.sh(f"for l in {link} {link}-*-link; do [ -L $l ] && echo $l $(readlink $l); done; true")
    return tuple(shown.splitlines())


@pytest.mark.parametrize(
    ("user", "link"), [("root", ROOTS_APP), ("deploy", "/home/deploy/.local/state/nix/profiles/app")]
)
def test_a_custom_profile_is_activated_as_its_owner_and_left_as_deploy_rs_leaves_it(
    operator: Operator, nodes: NodesFlake, hosts: list[Host], user: str, link: str
) -> None:
    host, twin = hosts[0], hosts[1]
    nodes.deploy(with_app("1.0", user=user))
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["hosts"][0]["detail"].endswith("app: active, and its profile leads to it")
    nodes.deploy(with_app("1.1", user=user))
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    assert leftovers(host) == ""

    assert operator.shell.run("deploy", "h2", "--action", "dry-activate", "--yes").code == 0  # only copied
    assert twin.run("test -e /var/tmp/app.log").code == 1
    first = nodes.path("h2", "app")
    nodes.deploy(with_app("1.0", user=user))
    assert operator.shell.run("deploy", "h2", "--action", "dry-activate", "--yes").code == 0
    twin.sh(f"mkdir -p {link.rpartition('/')[0]}", user=user)
    by_deploy_rs(twin, nodes.path("h2", "app"), link, user=user)
    by_deploy_rs(twin, first, link, user=user)
    assert left(host, link) == left(twin, link)
    assert host.sh("cat /var/tmp/app.log; stat -c '%U %a' " + link) == twin.sh(
        "cat /var/tmp/app.log; stat -c '%U %a' " + link
    )


def test_profiles_come_in_their_order_and_what_is_active_already_is_left_alone(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    host = hosts[0]
    wrote = "readlink -f /run/current-system >>/var/tmp/app.log"
    nodes.deploy(with_app("1.0", order='profilesOrder = [ "app" "system" ];', more=wrote))
    before = host.current_system()
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert host.sh("tail -n 1 /var/tmp/app.log") == before
    again = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert again.json["hosts"][0]["outcome"] == "unchanged"
    assert again.json["hosts"][0]["detail"].startswith("app: active already; system: up to date")
    operator.want_all("two")
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    assert "-two-" in host.current_system()
    assert host.sh("wc -l </var/tmp/app.log") == "3"


def test_a_profile_that_fails_goes_back_and_takes_the_system_before_it_along(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    host = hosts[0]
    nodes.deploy(with_app("1.0"))
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    before = (host.current_system(), host.profile(), boots(host), left(host, ROOTS_APP))
    operator.want_all("two")
    nodes.deploy(with_app("2.0", more="exit 7"))
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert ended.code == 1, ended.err
    (told,) = ended.json["hosts"]
    assert (told["outcome"], told["phase"]) == ("reverted", "profile")
    assert "app: the profile is as it was" in told["detail"] and "(exit 7)" in told["detail"]
    assert told["detail"].endswith("system was taken back with it")
    assert (host.current_system(), host.profile(), boots(host), left(host, ROOTS_APP)) == before
    assert host.sh("tail -n 1 /var/tmp/app.log") == host.sh(f"readlink -f {ROOTS_APP}")  # active again
    assert leftovers(host) == ""
    nodes.deploy(with_app("1.0"))  # nothing is held against the system
    assert operator.shell.run("deploy", "h1", "--yes").code == 0


def test_a_profile_that_never_was_there_leaves_no_link_when_it_fails(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    host = hosts[0]
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    nodes.deploy(with_app("1.0", more="exit 3"))
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert (ended.code, ended.json["hosts"][0]["outcome"]) == (1, "reverted"), ended.err
    assert "it led nowhere before" in ended.json["hosts"][0]["detail"]
    assert left(host, ROOTS_APP) == ()
    assert leftovers(host) == ""


def test_without_the_operator_the_link_of_a_profile_goes_back_by_itself(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    host = hosts[0]
    nodes.deploy(with_app("1.0"))
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    before = left(host, ROOTS_APP)
    nodes.deploy(with_app("2.0", more="sleep 300"))
    process = operator.shell.start("deploy", "h1", "--yes")
    host.wait_until(lambda: left(host, ROOTS_APP) != before, what="the new profile", within=60)
    process.kill()
    process.communicate()
    host.wait_until(lambda: left(host, ROOTS_APP) == before, what="the old profile", within=60)
    host.wait_until(lambda: host.run("test -e /run/nixtui/lock").code != 0, what="the end of it", within=30)
    assert host.running_processes("^sleep 300") == ()
    entry = operator.shell.run("journal", "--json").json[0]
    assert (entry["kind"], entry["outcome"]) == ("deploy", "reverted"), entry
    assert host.sh("tail -n 1 /var/tmp/app.log") == host.sh(f"readlink -f {ROOTS_APP}")  # active again


def with_settings(settings: str) -> str:
    return SYSTEMS.replace("hostname = name;", f"hostname = name; {settings}")


def test_without_magic_rollback_a_host_that_hears_nothing_stays_where_it_went(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    host = hosts[0]
    nodes.deploy(with_settings("magicRollback = false; confirmTimeout = 5;"))
    operator.want_all("one", h1={"quirk": "activate", "quirkFile": "slow.sh"})
    host.set_slow_seconds(8)
    process = operator.shell.start("deploy", "h1", "--yes")
    slow = "grep -qs 'migrating the database' /run/nixtui/*/transcript"
    host.wait_until(lambda: host.run(slow).code == 0, what="the activation to run", within=60)
    process.kill()
    process.communicate()
    host.wait_until(lambda: host.run("test -e /run/nixtui/lock").code != 0, what="the end of it", within=60)
    assert "-activatable-nixos-system-h1-one-" in host.profile().path
    assert host.current_system() == boots(host) == system_in(host, host.profile().path)
    assert host.running_processes("nixtui") == ()


def test_without_auto_rollback_what_fails_stays_and_is_called_failed(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    host = hosts[0]
    nodes.deploy(with_settings("autoRollback = false;"))
    operator.want_all("one", h1={"breaks": True})
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    (told,) = ended.json["hosts"]
    assert (ended.code, told["outcome"], told["exit_code"]) == (1, "failed", 4), ended.err
    assert "it stays, as autoRollback is off for it" in told["detail"]
    assert host.current_system() == boots(host) == system_in(host, host.profile().path)
    assert "-one-" in host.current_system()
    assert leftovers(host) == ""


def test_the_timeouts_of_the_flake_count(operator: Operator, nodes: NodesFlake, hosts: list[Host]) -> None:
    nodes.deploy(with_settings("confirmTimeout = 7; activationTimeout = 2;"))
    operator.want_all("one", h1={"quirk": "activate", "quirkFile": "slow.sh"})
    hosts[0].set_slow_seconds(20)
    before = hosts[0].current_system()
    ended = operator.shell.run("deploy", "h1", "--yes", "--events")
    assert ended.code == 1, ended.err
    assert "goes back by itself after 7 s without us" in ended.out
    assert "it did not end within 2 s" in ended.out
    assert hosts[0].current_system() == before


def test_what_a_node_builds_itself_is_not_copied_to_it(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    operator.want_all(f"r{token_hex(4)}")  # what is in the store here already is built nowhere
    nodes.deploy(with_app("1.0", order="remoteBuild = true; fastConnection = true;"))
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert "copying" not in ended.err
    assert hosts[0].profile().path == nodes.path("h1")
    assert left(hosts[0], ROOTS_APP)[1].endswith(nodes.path("h1", "app"))
