"""The demo's AWS: there when it is asked for, not before, as far as the screens need it, and gone with the demo."""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE

import pytest

from nixtui.aws.console_output import console_output
from nixtui.aws.session import DEMO, Session
from nixtui.demo import cloud
from nixtui.demo.cloud import NONE, demo_cloud
from nixtui.demo.cloud_world import REGIONS, world
from nixtui.demo.history import History
from nixtui.demo.story import CAST
from nixtui.images.catalogue import enabled_regions, list_images
from nixtui.images.keeping import find_keeping
from nixtui.images.recycling import list_bin, restore
from nixtui.images.references import find_references
from nixtui.instances.doors import doors, look
from nixtui.instances.refreshing import no_way_back
from nixtui.instances.standing import survey
from nixtui.tui.screens.progress import ProgressScreen
from tests.aws.moto_aws import an_image, moto_environ
from tests.tui.embedded import embedded
from tests.tui.screen import line_with, press, shown, until, until_shown, write

__all__ = ["moto_environ"]


def the_world() -> dict[str, object]:
    now = time.time()
    return world(CAST, History(0, now), now, pace=0.02)


def test_the_same_fleet_has_the_same_aws() -> None:
    history = History(0, 1_795_230_761.0)
    assert world(CAST, history, 5.0) == world(CAST, history, 5.0)
    told = world(CAST, history, 5.0)
    assert json.loads(json.dumps(told)) == told
    assert {each["name"] for each in told["instances"]} == {who.name for who in CAST}
    keys = {(each["region"], each["key"]) for each in told["images"]}
    assert {(each["zone"][:-1], each["image"]) for each in told["instances"]} <= keys


async def test_without_the_extra_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "_NEEDED", ("moto", "no_such_module"))
    async with demo_cloud(dict) as address:
        assert address == NONE


async def test_nobody_pays_for_what_nobody_asks() -> None:
    async with demo_cloud(the_world) as address:
        assert address.startswith("http://127.0.0.1:")
        assert not [each for each in processes_of_this() if "cloud_server" in each]


def processes_of_this() -> list[str]:
    """The command lines of the children of this process."""
    children = f"/proc/{os.getpid()}/task/{os.getpid()}/children"
    found = []
    with open(children) as file:  # noqa: PTH123 - a file of the kernel's
        for pid in file.read().split():
            with open(f"/proc/{pid}/cmdline") as line:  # noqa: PTH123
                found.append(line.read())
    return found


async def test_it_has_all_that_the_screens_ask_for_and_ends_with_the_demo() -> None:
    async with demo_cloud(the_world) as address, Session({DEMO: address}) as session:
        found = await survey(session, REGIONS, {})
        assert found.problems == ()
        by_name = {each.instance.name: each for each in found.standings}
        assert set(by_name) == {who.name for who in CAST}
        assert by_name["cache-2"].checks is not None
        assert by_name["cache-2"].checks.failed == "instance"
        assert by_name["edge-iad-1"].checks is not None
        assert "instance-stop" in by_name["edge-iad-1"].checks.events[0]
        gone = by_name["backup-1"]
        assert (gone.image, (gone.image_name or "").startswith("shop/backup-")) == (None, True)
        assert by_name["web-1"].drift is not None
        assert by_name["web-4"].drift is None
        assert by_name["web-1"].group is not None
        assert no_way_back(by_name["web-1"].group) is None
        assert by_name["stage-web-1"].group is not None
        assert "$Latest" in (no_way_back(by_name["stage-web-1"].group) or "")
        ways = doors(by_name["web-1"].instance, await look(session, by_name["web-1"].instance, plugin=True))
        assert (ways[0].name, ways[0].closed, ways[0].doubt) == ("Session Manager", None, None)
        for name, last in (
            ("web-1", "web-1 login:"),
            ("cache-2", "Press Enter to continue."),
        ):  # the second is impaired
            instance = by_name[name].instance
            written = await console_output(session, instance.region, instance.identity)
            assert (written.lines[-1], written.is_latest) == (last, True)
        images, problems = await list_images(session, REGIONS)
        assert problems == []
        newest = next(each for each in images if each.name.startswith("shop/web-"))
        (used,) = (await find_references(session, [newest])).values()
        assert used.unseen == ()
        assert any("SSM parameter /shop/web/ami" in each for each in used.lines)
        for owner, name in (("427812963091", "nixos/"), ("535002876703", "determinate/")):
            public, _ = await list_images(session, REGIONS[:1], (owner,))
            assert public
            assert all(each.name.startswith(name) for each in public)
            assert all(each.visibility == "public" for each in public)
        thrown = next(each for each in images if each.name.startswith("shop/db-"))
        keeping = (await find_keeping(session, [thrown]))[thrown.identity]
        assert keeping.sentence == "can be restored for 14 days from the recycle bin"
        where = {"region": thrown.region, "ImageId": thrown.identity}
        await session.call("ec2", "DeregisterImage", DeleteAssociatedSnapshots=True, **where)
        binned, problems = await list_bin(session, REGIONS)
        assert (problems, {each.identity for each in binned}) == ([], {thrown.identity, *thrown.snapshots})
        for call in restore(thrown.identity, thrown.region, binned).calls:
            await session.call(call.service, call.action, call.region, **call.parameters)
        assert await list_bin(session, REGIONS) == ([], [])
        assert thrown.identity in {each.identity for each in (await list_images(session, REGIONS))[0]}
        children = processes_of_this()
        assert [each for each in children if "cloud_server" in each]
    assert not [each for each in processes_of_this() if "cloud_server" in each]


async def test_the_demo_shows_its_own_images_and_instances_and_never_those_of_whoever_tries_it(
    moto_environ, monkeypatch
) -> None:
    monkeypatch.setattr("nixtui.cli.cockpit.instances.LOOK_EVERY_S", 0.05)
    an_image(name="mine")
    theirs = {**moto_environ, "AWS_REGION": "sa-east-1"}
    async with embedded("web-1", "web-4", environ=theirs, size=(160, 40), pace=0.02) as (app, pilot, _):
        await press(pilot, "4")
        await until_shown(pilot, "shop/web-")
        assert "mine" not in shown(app)
        await press(pilot, "tab")
        await until(pilot, lambda: "● running" in line_with(app, "  web-4 "), "the instances")
        await press(pilot, "g", "R")
        await until_shown(pilot, "Roll shop-web onto")
        await press(pilot, "enter")
        await until_shown(pilot, "rollback possible: yes")
        await write(pilot, "bake=1m")
        await press(pilot, "enter")
        await until_shown(pilot, "rollback possible: yes, while the refresh runs")
        await until(pilot, lambda: app.screen.decision.must_type, "the plan")
        await press(pilot, "tab")
        await write(pilot, "shop-web")
        await press(pilot, "enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, ProgressScreen), "the operation")
        await until(pilot, lambda: app.screen.operation.report is not None, "its end")
        assert app.screen.operation.report.outcome.is_success
        await press(pilot, "escape", "escape", "ctrl+r")
        await until(pilot, lambda: "same image" in line_with(app, "▌ web-1 "), "the new one")


async def test_the_fleet_has_the_truth_of_ec2_beside_that_of_nix() -> None:
    names = ("web-1", "web-4", "db-1", "edge-iad-1", "stage-web-2", "cache-2")
    async with embedded(*names, size=(200, 50), follows_ec2=True) as (app, pilot, _):
        fleet = app.session.cockpit.fleet
        await until(pilot, lambda: all(fleet.machine(name) for name in names), "what EC2 knows")
        known = {name: fleet.machine(name) for name in names}
        assert {each.state for each in known.values()} == {"running"}
        assert all(each.created_at < time.time() - 600 for each in known.values())
        assert {each.zone for each in known.values()} == {who.place for who in CAST if who.name in names}
        await until(pilot, lambda: "⇄ old image " in line_with(app, "  web-1 "), "what a replacement would come up on")
        assert "⇄" not in line_with(app, "  db-1 ")
        (host,) = (each for each in fleet.hosts().values() if each.name == "web-1")
        assert (host.address, host.sources, host.environment) == ("127.0.0.1", ("file", "ec2"), "prod")
        for name, texts in {
            "web-4": ("a replacement by group shop-web would come up on the old system", "group     shop-web"),
            "db-1": ("r7i.4xlarge  eu-central-1a", "shop/db-25.11.", "deregistered"),
            "edge-iad-1": ("! AWS: instance-stop from", "degraded hardware"),
            "cache-2": ("▲ EC2: instance check impaired", "other ways in: nixtui instance doors"),
            "stage-web-2": ("host key unknown", "says the same"),
        }.items():
            await write(pilot, f":host {name}")
            await press(pilot, "enter", "i")
            for text in texts:
                await until_shown(pilot, text)
            await press(pilot, "escape")
        await press(pilot, "4", "tab")
        await until_shown(pilot, "login ends in 7 h")


async def test_without_the_extra_its_hosts_are_those_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "_NEEDED", ("no_such_module",))
    async with embedded("web-1", follows_ec2=True) as (app, pilot, _):
        await until(pilot, lambda: "1/1 seen" in shown(app), "the host")
        assert app.session.cockpit.fleet.host("web-1").sources == ("file",)
        assert app.session.cockpit.notes == ()


async def test_without_the_extra_both_views_say_what_to_install(moto_environ, monkeypatch) -> None:
    an_image(name="mine")
    monkeypatch.setattr(cloud, "_NEEDED", ("no_such_module",))
    async with embedded("web-1", environ=moto_environ, size=(160, 40)) as (app, pilot, _):
        await press(pilot, "4")
        await until_shown(pilot, "this demo has no AWS, and your account is not asked; install nixtui[demo]")
        await press(pilot, "tab")
        await until_shown(pilot, "[Instances]")
        await until_shown(pilot, "this demo has no AWS, and your account is not asked; install nixtui[demo]")
        assert "mine" not in shown(app)


async def test_it_does_not_outlive_a_demo_that_is_killed() -> None:
    program = (
        "import asyncio, json, sys\n"
        "from nixtui.demo.cloud import demo_cloud\n"
        "world = json.load(sys.stdin)\n"
        "async def main():\n"
        "    async with demo_cloud(lambda: world, warm_after_s=0.0) as address:\n"
        "        print(address, flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    demo = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdin=PIPE, stdout=PIPE)
    assert demo.stdin is not None
    assert demo.stdout is not None
    demo.stdin.write(json.dumps(the_world()).encode())
    demo.stdin.close()
    address = (await demo.stdout.readline()).decode().strip()
    async with Session({DEMO: address}, region=REGIONS[0]) as session:
        assert await enabled_regions(session)
    demo.kill()
    await demo.wait()
    host, port = address.removeprefix("http://").split(":")
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except ConnectionRefusedError:
                break
            writer.close()
            await asyncio.sleep(0.05)
