"""What the fleet table shows and in which order, kept by difference."""

from random import Random

import pytest

from nixtui.fleet.state import FleetState
from nixtui.model.selector import BadSelector, parse_selector
from nixtui.model.status import HostState
from nixtui.tui import hosts
from nixtui.tui.fleet_list import FleetList, Marks, natural
from tests.tui.cockpit import NOW, change, synthetic_fleet


@pytest.fixture
def fleet() -> FleetState:
    return synthetic_fleet(120)


@pytest.fixture
def listing(fleet: FleetState) -> FleetList:
    listing = FleetList(fleet, hosts.columns(fleet.names()))
    listing.rebuild(NOW)
    return listing


def filtered(listing: FleetList, text: str) -> tuple[str, ...]:
    listing.selector = parse_selector(text, plain_is_substring=True)
    listing.rebuild(NOW)
    return listing.order()


def test_what_is_wrong_comes_first(listing: FleetList) -> None:
    assert listing.order()[:6] == ("edge-2", "web-2", "web-3", "cache-3", "db-3", "app-7")


def test_names_are_ordered_as_people_count() -> None:
    assert sorted(["web-12", "web-2", "db-1", "web-2b"], key=natural) == ["db-1", "web-2", "web-2b", "web-12"]


def test_a_filter_finds_parts_of_names_and_terms(listing: FleetList) -> None:
    assert set(filtered(listing, "eb-2")) == {"web-2", "web-20"}
    assert set(filtered(listing, "is:failed")) == {"web-2", "web-3"}
    assert all(name.startswith("app-") for name in filtered(listing, "tag:role=app env:staging"))
    assert len(filtered(listing, "tag:role=app env:staging")) == 4
    with pytest.raises(BadSelector):
        filtered(listing, "is:purple")


def test_unknown_values_come_last_in_either_direction(listing: FleetList, fleet: FleetState) -> None:
    listing.sort_by("load")
    listing.rebuild(NOW)
    assert listing.order()[-1] == "queue-1"
    listing.sort_by("load")
    listing.rebuild(NOW)
    assert listing.order()[-1] == "queue-1"
    loads = [fleet.status(name).facts.load for name in listing.order()[:-1]]
    assert loads == sorted(loads, reverse=True)


def test_changes_lead_to_the_same_order_as_starting_anew(listing: FleetList, fleet: FleetState) -> None:
    random = Random(11)  # noqa: S311
    for column in ("load", "state", "generation", "host"):
        listing.sort_by(column)
        listing.selector = parse_selector("!cache", plain_is_substring=True)
        listing.rebuild(NOW)
        for _ in range(300):
            name = random.choice(fleet.names())
            facts = {"load": random.choice([None, (random.random(),) * 3]), "generation": random.choice([None, 7, 400])}
            fleet.apply(name, change(fleet.status(name), facts=facts, state=random.choice(list(HostState))))
            listing.update({name}, NOW)
        kept = listing.order()
        listing.rebuild(NOW)
        assert kept == listing.order()


def test_a_host_under_the_cursor_stays_listed_until_the_cursor_leaves(listing: FleetList, fleet: FleetState) -> None:
    listing.only_problems = True
    listing.rebuild(NOW)
    listing.held = "web-2"
    fleet.apply("web-2", change(fleet.status("web-2"), state=HostState.UP, facts={"failed_units": ()}))
    listing.update({"web-2"}, NOW)
    assert "web-2" in listing
    listing.held = "web-3"
    listing.update({"web-2"}, NOW)
    assert "web-2" not in listing


def test_a_host_that_left_the_fleet_leaves_the_list(listing: FleetList, fleet: FleetState) -> None:
    fleet.set_hosts([host for name, host in fleet.hosts().items() if name != "web-2"])
    assert listing.update({"web-2"}, NOW)
    assert "web-2" not in listing.order()


def test_becoming_stale_is_noticed_without_an_event(listing: FleetList) -> None:
    assert "db-3" in listing.newly_stale(NOW)
    assert listing.newly_stale(NOW) == set()
    assert "web-2" in listing.newly_stale(NOW + 60)


def test_marks_survive_a_filter_and_are_counted(listing: FleetList) -> None:
    marks = Marks()
    for name in ("web-2", "db-3", "cache-3"):
        marks.toggle(name)
    filtered(listing, "web")
    assert marks.hidden(listing) == {"db-3", "cache-3"}
    assert marks.in_order() == ("cache-3", "db-3", "web-2")


def test_a_range_goes_from_the_last_mark_to_the_cursor_in_either_direction() -> None:
    marks, shown = Marks(), ("a", "b", "c", "d", "e")
    marks.toggle("d")
    marks.extend_to("b", shown)
    assert marks.names == {"b", "c", "d"}


def test_a_range_without_a_beginning_marks_the_host_alone() -> None:
    marks = Marks()
    marks.extend_to("c", ("a", "b", "c"))
    assert marks.names == {"c"}


def test_marking_all_twice_unmarks_what_is_shown_and_keeps_what_is_hidden() -> None:
    marks = Marks()
    marks.toggle("hidden")
    marks.toggle_all(("a", "b"))
    assert marks.names == {"hidden", "a", "b"}
    marks.toggle_all(("a", "b"))
    assert marks.names == {"hidden"}


def test_marks_of_hosts_that_left_are_dropped() -> None:
    marks = Marks()
    marks.toggle("gone")
    marks.forget_all_but(("a",))
    assert not marks.names
