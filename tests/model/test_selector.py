import pytest

from nixtui.model.host import Host
from nixtui.model.selector import BadSelector, Subject, any_of, is_stale, parse_selector
from nixtui.model.status import ActivationLock, HostFacts, HostState, HostStatus

NOW = 1_800_000_000.0


def subject(name: str, *, state: HostState = HostState.UP, seen: float | None = NOW, **facts: object) -> Subject:
    role, _, place = name.partition("-")
    host = Host(
        name=name,
        address=name,
        tags={"role": role, "place": place} if place else {},
        environment="prod" if place else None,
    )
    return Subject(host, HostStatus(state=state, observed_at=seen, facts=HostFacts(**facts)), NOW)


FLEET = [
    subject("web-1", generation=154, configuration_revision="98fe21c4"),
    subject("web-2", generation=155, failed_units=("nginx.service",)),
    subject("db-1", state=HostState.DEGRADED, current_system="a", profile_system="b"),
    subject("lone", state=HostState.UNREACHABLE, seen=NOW - 31),
    subject("new", state=HostState.CONNECTING, seen=None),
]


def selected(text: str, *, filtering: bool = False) -> str:
    return " ".join(each.host.name for each in parse_selector(text, plain_is_substring=filtering).select(FLEET))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("web-1", "web-1"),
        ("web-*", "web-1 web-2"),
        ("web-[12]", "web-1 web-2"),
        ("*-1", "web-1 db-1"),
        ("all", "web-1 web-2 db-1 lone new"),
        ("!all", ""),
        ("tag:role=web", "web-1 web-2"),
        ("tag:role=w*", "web-1 web-2"),
        ("tag:role", "web-1 web-2 db-1"),
        ("tag:role=", ""),
        ("!tag:role", "lone new"),
        ("env:prod", "web-1 web-2 db-1"),
        ("env:p*", "web-1 web-2 db-1"),
        ("!env:prod", "lone new"),
        ("gen:154", "web-1"),
        ("gen:0154", "web-1"),
        ("rev:98fe", "web-1"),
        ("!rev:98fe", "web-2 db-1 lone new"),
        ("is:up", "web-1 web-2"),
        ("is:failed", "web-2"),
        ("is:problem", "web-2 db-1 lone"),
        ("is:drifting", "db-1"),
        ("is:stale", "lone"),
        ("is:connecting", "new"),
        ("web-* !is:failed", "web-1"),
        ("web-1,db-1", "web-1 db-1"),
        ("web-* is:failed, lone", "web-2 lone"),
        ("web-1,web-1,web-*", "web-1 web-2"),
        (" \t web-1 \n", "web-1"),
        ("web-1 , db-1", "web-1 db-1"),
        ("web", ""),
        ("WEB-1", ""),
    ],
)
def test_selectors(text: str, names: str) -> None:
    assert selected(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ",", "web-1,", ",web-1", "web-1,,db-1", "web-1, ,db-1", "!", "web-1 !", "!!web-1", "!!all", "! web-1",
        "tag:", "tag:=web", "!tag:", "env:", "is:", "rev:", "gen:", ":", "x:y", "TAG:role", "is:Failed", "is:gone",
        "gen:x", "gen:-1", "gen:1.5", "gen:٣", "gen:²", "gen:" + "9" * 5000, "http://web-1",
    ],
)  # fmt: skip
def test_what_does_not_parse_says_what_would(text: str) -> None:
    with pytest.raises(BadSelector, match=r"write|the words are|the kinds are|as in gen:154"):
        parse_selector(text)


def test_a_selector_that_was_mistyped_never_means_more_hosts() -> None:
    """`!!web-1` once meant every host but the one called "!web-1", which is all of them."""
    with pytest.raises(BadSelector):
        parse_selector("!!web-1")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "web-1 web-2 db-1 lone new"),
        ("  ", "web-1 web-2 db-1 lone new"),
        (",", "web-1 web-2 db-1 lone new"),
        ("eb-", "web-1 web-2"),
        ("EB-", "web-1 web-2"),
        ("eb-,", "web-1 web-2"),
        ("!eb-", "db-1 lone new"),
        ("b-1 is:up", "web-1"),
        ("*-1", "web-1 db-1"),
        ("all", ""),
        ("one,new", "lone new"),
    ],
)
def test_while_filtering_a_plain_word_is_found_anywhere_in_a_name(text: str, names: str) -> None:
    assert selected(text, filtering=True) == names


def test_whether_hosts_must_be_seen_to_answer() -> None:
    assert [parse_selector(text).needs_status for text in ("web-*", "tag:x,env:y", "a !is:up", "rev:abc", "gen:1")] == [
        False, False, True, True, True,
    ]  # fmt: skip


def test_the_kinds_of_its_terms_are_known() -> None:
    assert parse_selector("web-* !tag:a,env:b tag:c=is:d").kinds == {"tag", "env"}
    assert parse_selector("web-1").kinds == frozenset()


def test_several_selectors_of_a_command_line_are_any_of_them() -> None:
    both = any_of([parse_selector("web-1"), parse_selector("db-* !is:up")])
    assert [each.host.name for each in both.select(FLEET)] == ["web-1", "db-1"]
    assert both.text == "web-1,db-* !is:up"
    assert both.needs_status
    assert parse_selector(both.text).select(FLEET) == both.select(FLEET)
    assert any_of([]).select(FLEET) == []


def test_nothing_is_failed_drifting_or_in_need_of_a_reboot_while_unknown() -> None:
    unseen = FLEET[-1]
    for word in ("failed", "problem", "stale", "drifting", "reboot", "locked"):
        assert not parse_selector(f"is:{word}").matches(unseen)


def test_a_lock_and_a_needed_reboot_are_found() -> None:
    lock = ActivationLock("op", "ada", NOW)
    assert parse_selector("is:locked").matches(subject("a-1", lock=lock))
    assert parse_selector("is:reboot").matches(subject("a-1", reboot_needed=True))


def test_facts_become_stale_after_half_a_minute() -> None:
    status = HostStatus(observed_at=NOW)
    assert not is_stale(status, NOW + 30)
    assert is_stale(status, NOW + 30.1)
    assert not is_stale(HostStatus(), NOW)
