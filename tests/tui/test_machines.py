"""Hosts that are instances: what EC2 knows of them, on the fleet, at its side and on their page."""

import msgspec
import pytest

from nixtui.model.host import Host
from nixtui.model.machine import InstanceId, Machine
from nixtui.operations.report import Outcome
from nixtui.tui.drift import drift_line
from nixtui.tui.hosts import host_row
from nixtui.tui.knowledge import Knowledge
from nixtui.tui.last_actions import LastAction
from nixtui.tui.machines import machine_facts, machine_warnings
from nixtui.tui.paint import plain, width
from tests.tui.cockpit import NOW, MemoryCockpit, store_path, synthetic_fleet
from tests.tui.screen import opened, press, until_shown, write

OLD, NEW = store_path(1, "nixos-system-web-25.05"), store_path(2, "nixos-system-web-25.11")
WEB = InstanceId("i-0a1b2c3d4e5f60718", "eu-central-1")


def machine(**more: object) -> Machine:
    known = {
        "kind": "t3.small",
        "zone": "eu-central-1a",
        "system_check": "ok",
        "instance_check": "ok",
        "image": "ami-0aaaaaaaaaaaaaaaa",
        "image_name": "web 25.05",
        "image_registered": True,
        "image_system": OLD,
        "template_version": "7",
        "group": "web",
        "group_template_version": "7",
        "group_image": "ami-0aaaaaaaaaaaaaaaa",
        "group_system": OLD,
        **more,
    }
    return Machine(instance=WEB, state="running", **known)  # type: ignore[arg-type]  # what a test says


def cockpit_with(known: Machine | None) -> MemoryCockpit:
    fleet = synthetic_fleet(6)
    (name,) = [name for name in fleet.names() if name.startswith("web")][:1]
    hosts = [
        msgspec.structs.replace(each, instance=WEB) if each.name == name else each for each in fleet.hosts().values()
    ]
    fleet.set_hosts(hosts)
    fleet.set_machines([known] if known else [])
    return MemoryCockpit(fleet)


def row_with(known: Machine, last: LastAction | None = None):
    cockpit = cockpit_with(known)
    name = next(name for name, host in cockpit.fleet.hosts().items() if host.instance)
    return host_row(cockpit.fleet, name, NOW, last)


def test_a_host_whose_replacement_would_run_another_system_differs() -> None:
    assert plain(drift_line(row_with(machine()))).startswith("⇄")
    row = row_with(machine())
    runs = row.status.facts.current_system
    assert "⇄" not in plain(drift_line(row_with(machine(group_system=runs))))
    assert not row.status.is_problem


@pytest.mark.parametrize("cells", [24, 40, 80])
def test_what_ec2_says_fits_and_has_its_words(cells: int) -> None:
    row = row_with(
        machine(image_registered=False, system_check="impaired", events=("system-reboot from Friday: scheduled",))
    )
    lines = list(machine_warnings(row, cells))
    assert all(width(each) <= cells for each in lines)
    told = " ".join(plain(each).strip() for each in lines)
    for words in ("system check impaired", "AWS: system-reboot from Friday", "would come up on the old system"):
        assert words in told
    facts = {label: plain(value) for label, value in machine_facts(row)}
    assert facts["instance"] == "i-0a1b2c3d4e5f60718  t3.small  eu-central-1a"
    assert facts["image"] == "web 25.05  deregistered  ami-0aaaaaaaaaaaaaaaa"
    assert facts["group"] == "web  this one by version 7"
    assert facts["starts"] == "ami-0aaaaaaaaaaaaaaaa  version 7"


def test_control_sequences_of_a_tag_or_an_event_do_not_reach_the_terminal() -> None:
    row = row_with(machine(image_name="a\x1b[2Jb", events=("x\x1b]0;y\x07",), group="g\x1b[1m"))
    lines = [*machine_warnings(row, 60), *(value for _, value in machine_facts(row))]
    assert not any("\x1b" in plain(each) for each in lines)


def test_what_was_done_to_the_machine_before_is_not_said_of_this_one() -> None:
    action = LastAction("rollback", NOW - 3600, Outcome.COMMITTED, "ada")
    assert row_with(machine(created_at=NOW - 7200), action).last == action
    assert row_with(machine(created_at=NOW - 600), action).last is None
    assert row_with(machine(), action).last == action  # nobody knows when it was made


async def test_the_page_of_a_host_says_which_instance_it_is_and_what_would_replace_it() -> None:
    cockpit = cockpit_with(machine())
    name = next(name for name, host in cockpit.fleet.hosts().items() if host.instance)
    async with opened(cockpit, (120, 40)) as (_, pilot, _):
        await write(pilot, f":host {name}")
        await press(pilot, "enter", "i")
        await until_shown(pilot, "⇄ a replacement by group web would come up")
        await until_shown(pilot, "i-0a1b2c3d4e5f60718")


async def test_hosts_with_an_old_image_are_found_by_a_filter() -> None:
    cockpit = cockpit_with(machine())
    name = next(name for name, host in cockpit.fleet.hosts().items() if host.instance)
    async with opened(cockpit, (120, 40)) as (_, pilot, _):
        await write(pilot, "/is:old-image")
        await until_shown(pilot, name)
        await until_shown(pilot, "1 of 6")


def test_the_host_without_an_instance_says_nothing_of_ec2() -> None:
    fleet = synthetic_fleet(6)
    row = host_row(fleet, next(iter(fleet.names())), NOW)
    assert isinstance(row.host, Host)
    assert (list(machine_warnings(row, 40)), list(machine_facts(row))) == ([], [])


async def test_the_dialog_says_what_a_replacement_would_come_up_on() -> None:
    cockpit = cockpit_with(machine())
    name = next(name for name, host in cockpit.fleet.hosts().items() if host.instance)
    async with opened(cockpit, (120, 40)) as (_, pilot, _):
        await write(pilot, f":host {name}")
        await press(pilot, "enter", "r")
        await until_shown(pilot, "replacement by group web would come up")


async def test_generations_of_the_machine_before_are_not_those_of_the_one_that_took_its_name() -> None:
    cockpit = cockpit_with(machine())
    name = next(name for name, host in cockpit.fleet.hosts().items() if host.instance)
    knowledge = Knowledge(cockpit)
    known = await knowledge.generations(name)
    assert knowledge.known_generations(name) == known
    other = msgspec.structs.replace(cockpit.fleet.host(name), instance=InstanceId("i-0b", "eu-central-1"))
    cockpit.fleet.set_hosts([other if each.name == name else each for each in cockpit.fleet.hosts().values()])
    assert knowledge.known_generations(name) is None
