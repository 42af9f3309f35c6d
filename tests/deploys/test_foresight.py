"""What one knows before the yes: built and compared, what units would do, who holds off a shutdown."""

import pytest

from nixtui.remote.landing import parse_landing
from nixtui.remote.transport import Completed
from tests.activation.conftest import leftovers, truth
from tests.deploys.conftest import Operator
from tests.lab.host import Host

lab = pytest.mark.lab

RESTARTS = "    would restart nginx.service"


def has(host: Host, path: str) -> bool:
    return host.run(f"nix-store --check-validity {path}").code == 0


@lab
def test_build_builds_and_compares_and_touches_nothing(operator: Operator, hosts: list[Host]) -> None:
    before = [truth(host) for host in hosts]
    operator.want_all("only-built")
    ended = operator.shell.run("deploy", "--action", "build", "--json")
    assert ended.code == 0, ended.err
    for host, told in zip(hosts, ended.json["hosts"], strict=True):
        assert (told["name"], told["outcome"]) == (host.name, None)
        system, change, *_ = told["known"]
        assert "-only-built-26.05" in system
        assert change.startswith("packages: ")
        assert not has(host, system)
    assert ended.json["steps"] == []
    assert [truth(host) for host in hosts] == before
    assert [each["kind"] for each in operator.shell.run("journal", "--json").json] == ["build"]
    assert operator.shell.run("--read-only", "deploy", "--action", "build").code == 0


@lab
def test_build_says_who_is_up_to_date_and_who_cannot_be_built(operator: Operator, hosts: list[Host]) -> None:
    operator.want_all("current")
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    operator.want_all("current", h2={"throws": "no such disk"})
    ended = operator.shell.run("deploy", "--action", "build", "--json")
    assert ended.code == 4, ended.err
    assert [each["outcome"] for each in ended.json["hosts"]] == ["unchanged", "failed", None]
    assert "no such disk" in ended.json["hosts"][1]["detail"]


@lab
def test_copy_first_makes_the_host_say_what_would_restart_before_anybody_agrees(
    operator: Operator, hosts: list[Host]
) -> None:
    assert operator.shell.run("rollback", "h1", "--yes").code == 0
    before = truth(hosts[0])
    operator.want_all("seen")
    dry = operator.shell.run("deploy", "h1", "--dry-run", "--copy-first")
    assert "units: known once it is copied" in dry.out
    assert "would restart" not in dry.out
    # Without a terminal nobody can be asked, so that the first of the two questions is a no.
    refused = operator.shell.run("deploy", "h1", "--copy-first")
    assert (refused.code, truth(hosts[0])) == (5, before)
    copied = operator.shell.run("deploy", "h1", "--copy-first", "--action", "dry-activate", "--yes")
    assert copied.code == 0, copied.err
    assert "Copy to h1 what is missing there" in copied.err
    assert RESTARTS in copied.err
    again = operator.shell.run("deploy", "h1", "--dry-run")
    assert "copy: nothing is missing" in again.out
    assert RESTARTS in again.out
    assert truth(hosts[0]) == before
    assert leftovers(hosts[0]) == ""
    kinds = [each["kind"] for each in operator.shell.run("journal", "--json").json]
    assert [each for each in kinds if each != "build"] == ["deploy", "rollback"]  # the copy is part of the deploy


@lab
def test_what_may_not_be_switched_to_live_is_left_out_before_anybody_agrees(
    operator: Operator, hosts: list[Host]
) -> None:
    operator.want_all("seen", h1={"inhibited": '{"dbus-implementation":"dbus","systemd":"258"}'})
    before = truth(hosts[0])
    copied = operator.shell.run("deploy", "h1", "--copy-first", "--yes")
    assert (copied.code, truth(hosts[0])) == (5, before)
    ended = operator.shell.run("deploy", "h1", "--dry-run", "--json")
    (told,) = ended.json["hosts"]
    assert (ended.code, told["outcome"]) == (5, "refused"), ended.out
    assert "switch inhibitors differ" in told["detail"]
    assert "--action boot" in told["remedy"]
    assert operator.shell.run("deploy", "h1", "--dry-run", "--action", "boot").code == 0


@lab
def test_who_holds_off_a_shutdown_is_said_before_anybody_agrees(operator: Operator, hosts: list[Host]) -> None:
    hosts[0].sh(
        "systemd-run --unit=holding --collect systemd-inhibit --what=shutdown:sleep --who='the backup' "
        "--why='nightly dump' sleep 600"
    )
    try:
        hosts[0].wait_until(
            lambda: "the backup" in hosts[0].run("systemd-inhibit --list").stdout, what="the inhibitor", within=20
        )
        ended = operator.shell.run("deploy", "h1", "h2", "--dry-run", "--json")
        first, second = ended.json["hosts"]
        assert first["warnings"] == ["the backup holds off a shutdown: nightly dump"]
        assert second["warnings"] == []
    finally:
        hosts[0].sh("systemctl stop holding")


def inhibitors(answer: str) -> tuple[str, ...]:
    return parse_landing("h1", Completed(0, f"machine x86_64\ninhibitors {answer}\nend\n", "")).inhibitors


def test_only_what_blocks_a_shutdown_counts() -> None:
    listed = (
        '["shutdown","NetworkManager","…","delay",0,1],["sleep","upower","battery","block",0,2],'
        '["idle:shutdown","apt","upgrading","block",0,3],["shutdown","dnf","","block-weak",0,4]'
    )
    assert inhibitors(f'{{"type":"a(ssssuu)","data":[[{listed}]]}}') == (
        "apt holds off a shutdown: upgrading",
        "dnf holds off a shutdown: no reason given",
    )


@pytest.mark.parametrize("answer", ["", "{", "[]", '{"data":[]}', '{"data":[[["shutdown"]]]}', '{"data":7}'])
def test_what_is_no_answer_of_logind_is_none(answer: str) -> None:
    assert inhibitors(answer) == ()
