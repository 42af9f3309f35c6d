"""Many hosts and the journal of operations as one timeline, and in words."""

import pytest

from nixtui.fleet.timeline import TOGETHER_S, change_before, limited, targets_before, timeline
from nixtui.fleet.timeline_text import gaps, markdown, sentence
from nixtui.model.generation import Generation
from nixtui.model.host import Host
from nixtui.model.status import HostState, HostStatus
from nixtui.model.timeline import Activation, Boot, HostAnswer, HostHistory, Kind, Moment, UnitEvent
from nixtui.operations.journal import Entry
from nixtui.operations.plan import Plan, Target
from nixtui.operations.report import Outcome, Report

T = 1_790_000_000.0
OLD_REVISION, NEW_REVISION = "7b1c0de" + "0" * 33, "98fe21c" + "0" * 33


def path(host: str, number: int) -> str:
    return f"/nix/store/{number:029d}{host[-3:]:0>3}-nixos-system-{host}"


def told(host: str, at: float, *, number: int = 412, fails_at: float | None = None, **facts: object) -> HostAnswer:
    """A host that switched to a generation at a time, and whose nginx failed then."""
    units = (UnitEvent(unit="nginx.service", at=fails_at, result="exit-code"),) if fails_at else ()
    history = HostHistory(
        **{
            "since": T - 86400,
            "clock": T,
            "links": (
                Generation(number=number, created_at=at, path=path(host, number), configuration_revision=NEW_REVISION),
                Generation(
                    number=number - 1,
                    created_at=T - 9e5,
                    path=path(host, number - 1),
                    configuration_revision=OLD_REVISION,
                ),
            ),
            "activations": (Activation(path=path(host, number), at=at, ended_at=at + 4, status=0),),
            "units": units,
            **facts,
        }
    )
    return HostAnswer(host=host, at=T, history=history)


def entry(at: float, *hosts: str, operation: str = "8f2a9c01", **facts: object) -> Entry:
    plan = Plan(kind="deploy", title="Deploy 98fe21c", targets=tuple(Target(name=each) for each in hosts), steps=())
    return Entry(
        **{
            "operation": operation,
            "kind": "deploy",
            "title": plan.title,
            "operator": "ops-2",
            "origin": "laptop-2",
            "owner": "x",
            "reason": None,
            "started_at": at,
            "finished_at": at + 200,
            "plan": plan,
            "report": Report(operation=operation, outcome=Outcome.PARTIAL, targets=()),
            **facts,
        }
    )


def found(*answers: HostAnswer, entries: tuple[Entry, ...] = ()) -> tuple[Moment, ...]:
    return timeline(answers, entries, T - 86400, T)


def test_the_same_switch_on_eight_hosts_is_one_line_with_who_did_it() -> None:
    hosts = [f"web-{number}" for number in range(10, 18)]
    answers = [told(name, T - 600 + 20 * place, fails_at=T - 60) for place, name in enumerate(hosts)]
    failed, switch, planned = found(*answers, entries=(entry(T - 610, *hosts),))
    assert (failed.kind, set(failed.names)) == (Kind.FAILED, set(hosts))
    assert switch.names == tuple(hosts)
    assert sentence(switch) == "generation 411 → 412, rev 7b1c0de → 98fe21c  (deploy by ops-2, operation 8f2a9c01)"
    assert sentence(planned) == "Deploy 98fe21c by ops-2: partial  (operation 8f2a9c01)"


def test_hosts_with_other_numbers_are_still_one_deploy() -> None:
    (switch,) = found(told("web-1", T - 600), told("web-2", T - 590, number=77))
    assert sentence(switch) == "2 hosts switched, rev 7b1c0de → 98fe21c"


def test_what_is_far_apart_or_of_another_operation_is_two_lines() -> None:
    assert len(found(told("web-1", T - 900), told("web-2", T - 900 + TOGETHER_S + 1))) == 2
    entries = (entry(T - 605, "web-1"), entry(T - 605, "web-2", operation="other"))
    switches = [
        each for each in found(told("web-1", T - 600), told("web-2", T - 590), entries=entries) if each.hosts[0].after
    ]
    assert {each.operation for each in switches} == {"8f2a9c01", "other"}


def test_an_operation_is_blamed_for_its_own_hosts_and_times_only() -> None:
    elsewhere = found(told("web-1", T - 600), entries=(entry(T - 605, "web-2"),))
    assert [each.operation for each in elsewhere if each.kind is Kind.SWITCH] == [None]
    long_before = found(told("web-1", T - 600), entries=(entry(T - 5000, "web-1"),))
    assert [each.operation for each in long_before if each.kind is Kind.SWITCH] == [None]


def test_the_same_host_twice_is_never_one_line() -> None:
    back = Activation(path=path("web-1", 411), at=T - 500, ended_at=T - 496, status=0)
    again = Activation(path=path("web-1", 412), at=T - 400, ended_at=T - 396, status=0)
    there = Activation(path=path("web-1", 412), at=T - 600, ended_at=T - 596, status=0)
    lines = [sentence(each) for each in found(told("web-1", T - 600, activations=(there, back, again)))]
    assert lines == [
        "generation 411 → 412, rev 7b1c0de → 98fe21c",
        "generation 412 → 411, rev 98fe21c → 7b1c0de",
        "generation 411 → 412, rev 7b1c0de → 98fe21c",
    ]


def test_back_to_before_is_each_hosts_own_system_whatever_it_did_since() -> None:
    first = Activation(path=path("web-1", 412), at=T - 600, ended_at=T - 596, status=0)
    since = Activation(path="/nix/store/zzz-nixos-system-hotfix", at=T - 100, ended_at=T - 96, status=0)
    moments = found(told("web-1", T - 600, activations=(first, since)), told("web-2", T - 590, number=77))
    switch = next(each for each in moments if len(each.hosts) == 2)
    assert targets_before(switch) == {
        "web-1": f"path:{path('web-1', 411)}",
        "web-2": f"path:{path('web-2', 76)}",
    }
    hotfix = moments[0]
    assert targets_before(hotfix) == {"web-1": f"path:{path('web-1', 412)}"}


def test_where_nothing_changed_or_nothing_is_known_there_is_no_way_back() -> None:
    again = (
        Activation(path=path("web-1", 412), at=T - 600, ended_at=T - 596, status=0),
        Activation(path=path("web-1", 412), at=T - 60, ended_at=T - 56, status=0),
    )
    assert targets_before(found(told("web-1", T - 600, activations=again))[0]) == {}
    assert targets_before(found(told("web-1", T - 600, links=()))[0]) == {}
    failure = found(told("web-1", T - 600, fails_at=T - 60))[0]
    assert (failure.kind, targets_before(failure)) == (Kind.FAILED, {})


def test_what_changed_before_a_moment() -> None:
    moments = found(told("web-1", T - 600, fails_at=T - 60), told("db-1", T - 5000))
    last = change_before(moments, T - 30)
    assert last is not None and last.names == ("web-1",)
    earlier = change_before(moments, T - 700)
    assert earlier is not None and earlier.names == ("db-1",)
    assert change_before(moments, T - 9000) is None


@pytest.mark.parametrize(
    ("text", "kinds"),
    [("nginx", {Kind.FAILED}), ("98fe21c", {Kind.SWITCH}), ("WEB-1", {Kind.FAILED, Kind.SWITCH}), ("nowhere", set())],
)
def test_limited_by_text(text: str, kinds: set[Kind]) -> None:
    moments = found(told("web-1", T - 600, fails_at=T - 60))
    assert {each.kind for each in limited(moments, text=text)} == kinds


def test_limited_by_hosts_and_kinds() -> None:
    moments = found(told("web-1", T - 600, fails_at=T - 60), told("db-1", T - 5000))
    assert {each.names for each in limited(moments, hosts={"db-1"})} == {("db-1",)}
    assert {each.kind for each in limited(moments, kinds=[Kind.FAILED])} == {Kind.FAILED}


def test_a_reboot_in_words() -> None:
    boots = (Boot(id="a", at=1, kernel="6.12.51", is_certain=False), Boot(id="b", at=T - 3600, kernel="6.12.58"))
    (reboot,) = [each for each in found(told("db-2", T - 9e5, boots=boots)) if each.kind is Kind.REBOOT]
    assert sentence(reboot) == "rebooted (kernel 6.12.51 → 6.12.58)"


def test_a_failed_switch_says_its_exit_code() -> None:
    failed = Activation(path=path("web-1", 412), at=T - 600, ended_at=T - 596, status=4)
    (switch,) = found(told("web-1", T - 600, activations=(failed,)))
    assert sentence(switch) == "generation 411 → 412, rev 7b1c0de → 98fe21c, exit 4"


def test_what_is_lacking_is_said() -> None:
    partial = told("web-1", T - 600, incomplete=("the journal is not readable by ops",))
    answers = [partial, HostAnswer(host="web-3", at=T, problem="refuses connections")]
    assert gaps(answers, ["web-4"]) == [
        "web-1: incomplete: the journal is not readable by ops",
        "web-3: could not be asked: refuses connections",
        "web-4: not asked",
    ]


def test_an_incident_as_markdown() -> None:
    evil = "a|b`\n<img>.service"
    units = (UnitEvent(unit=evil, at=T - 60, result="exit-code"),)
    moments = found(told("web-1", T - 600, units=units), entries=(entry(T - 605, "web-1", reason="page 7"),))
    status = HostStatus(state=HostState.DEGRADED)
    text = markdown(
        moments,
        fleet="shop",
        since=T - 86400,
        now=T,
        asked_about=T - 120,
        hosts={"web-1": (Host(name="web-1", address="x"), status)},
        lacking=["web-3: could not be asked: gone"],
    )
    lines = text.splitlines()
    rows = [line for line in lines if line.startswith(("| 2026", "| **"))]
    assert ["Deploy" in rows[0], "411 → 412" in rows[1], "moment asked about" in rows[2], "failed" in rows[3]] == [
        True
    ] * 4
    assert r"a\|b\`\\u000A\<img>.service failed" in rows[3]
    assert "| web-1 | degraded | – | – | – |" in lines
    assert any("because: page 7" in line for line in lines)
    assert "- web-3: could not be asked: gone" in lines
