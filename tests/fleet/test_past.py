"""One host's facts as parts of a timeline."""

from nixtui.fleet.past import RELAPSE_S, parts_of
from nixtui.fleet.recall import skew
from nixtui.model.generation import Generation
from nixtui.model.timeline import Activation, Boot, Ended, HostAnswer, HostHistory, HostMoment, Kind, UnitEvent


def path(number: int) -> str:
    return f"/nix/store/{number:032d}-nixos-system-web"


def link(number: int, at: float) -> Generation:
    return Generation(number=number, created_at=at, path=path(number), configuration_revision=f"rev{number}")


LINKS = (link(412, 1000), link(411, 500), link(410, 100))


def switches(**facts: object) -> list[tuple[float, int | None, int | None]]:
    """When, from which generation, to which."""
    return [
        (each.at, each.before and each.before.generation, each.after and each.after.generation)
        for each in moments(Kind.SWITCH, **facts)
    ]


def moments(kind: Kind, *, skew: float = 0.0, **facts: object) -> list[HostMoment]:
    history = HostHistory(**{"since": 900.0, "clock": 9000.0, "links": LINKS, **facts})
    answer = HostAnswer(host="web-1", at=9000, history=history, skew=skew)
    return [each.moment for each in parts_of(answer) if each.kind is kind]


def activation(number: int, at: float, **facts: object) -> Activation:
    return Activation(**{"path": path(number), "at": at, "ended_at": at + 5, "status": 0, **facts})


def test_a_switch_is_told_once_though_link_and_journal_both_tell_it() -> None:
    assert switches(activations=(activation(411, 500), activation(412, 1002))) == [(1002, 411, 412)]


def test_without_a_journal_the_links_tell() -> None:
    assert switches() == [(1000, 411, 412)]
    (only,) = moments(Kind.SWITCH)
    assert only.is_profile_only


def test_a_rollback_that_makes_no_link_is_told_by_the_journal() -> None:
    found = switches(activations=(activation(412, 1002), activation(411, 2000), activation(412, 3000)))
    assert found == [(1002, 411, 412), (2000, 412, 411), (3000, 411, 412)]


def test_what_ran_before_the_first_known_activation_is_the_newest_generation_of_then() -> None:
    assert switches(activations=(activation(411, 2000),)) == [(1000, 411, 412), (2000, 412, 411)]


def test_after_a_reboot_the_last_activation_says_nothing_about_what_ran() -> None:
    tested = Activation(path="/nix/store/x-tested", at=1100, ended_at=1101, status=0)
    boots = (Boot(id="a", at=10, is_certain=False), Boot(id="b", at=1500))
    found = switches(activations=(activation(412, 1002), tested, activation(411, 2000)), boots=boots)
    assert found[-1] == (2000, 412, 411)


def test_a_profile_that_went_back_without_a_trace_in_the_journal_is_told() -> None:
    assert switches(current_system=path(410), switched_at=5000.0)[-1] == (5000, 412, 410)


def test_the_hosts_own_record_names_the_operation() -> None:
    ended = (Ended(operation="8f2a", outcome="committed", at=1015, current=path(412)),)
    (only,) = moments(Kind.SWITCH, activations=(activation(411, 500), activation(412, 1002)), ended=ended)
    assert only.operation == "8f2a"
    late = (Ended(operation="8f2a", outcome="committed", at=2000, current=path(412)),)
    (only,) = moments(Kind.SWITCH, activations=(activation(411, 500), activation(412, 1002)), ended=late)
    assert only.operation is None


def test_reboots_have_both_kernels_and_the_oldest_boot_is_none() -> None:
    boots = (Boot(id="a", at=950, kernel="6.12.51", is_certain=False), Boot(id="b", at=1500, kernel="6.12.58"))
    (only,) = moments(Kind.REBOOT, boots=boots)
    assert (only.at, only.kernel_before, only.kernel_after) == (1500, "6.12.51", "6.12.58")


def failed(at: float, result: str | None = "exit-code") -> UnitEvent:
    return UnitEvent(unit="nginx.service", at=at, result=result)


def started(at: float) -> UnitEvent:
    return UnitEvent(unit="nginx.service", at=at, is_failure=False)


def test_a_start_that_failed_is_said_twice_and_counted_once() -> None:
    (only,) = moments(Kind.FAILED, units=(failed(1000), failed(1000.1, "failed")))
    assert (only.count, only.result) == (1, "exit-code")


def test_a_unit_that_flaps_is_one_failure_counted_and_one_recovery() -> None:
    units = (failed(1000), started(1001), failed(1003), started(1004), failed(1006), started(1010), started(1020))
    (only,) = moments(Kind.FAILED, units=units)
    assert (only.at, only.until, only.count) == (1000, 1006, 3)
    assert [each.at for each in moments(Kind.RECOVERED, units=units)] == [1010]


def test_a_unit_that_fails_again_much_later_failed_twice() -> None:
    units = (failed(1000), started(1010), failed(1010 + RELAPSE_S + 1))
    assert [each.at for each in moments(Kind.FAILED, units=units)] == [1000, 1011 + RELAPSE_S]
    assert [each.at for each in moments(Kind.RECOVERED, units=units)] == [1010]


def test_times_are_brought_to_our_clock() -> None:
    (only,) = moments(Kind.SWITCH, skew=42.0, activations=(activation(411, 500), activation(412, 1002)))
    assert (only.at, only.until) == (960, 965)


def test_a_clock_is_wrong_only_by_what_the_way_there_cannot_explain() -> None:
    assert skew(100.0, 100.9, 103.0) == 0
    assert skew(150.0, 100.0, 103.0) == 47
    assert skew(40.0, 100.0, 103.0) == -60


def test_a_host_that_did_not_answer_has_no_past() -> None:
    assert parts_of(HostAnswer(host="web-1", at=1, problem="refuses connections")) == []
