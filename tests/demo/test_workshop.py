"""The demo's own nix: it evaluates, builds and copies the demo's systems, and says that it does nothing else."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import msgspec

from nixtui.builds.derivation import State
from nixtui.builds.intake import Intake
from nixtui.builds.tree import BuildTree
from nixtui.demo.workshop import IMAGE_MIB
from nixtui.images.building import inspect
from nixtui.images.foreseeing import Foreseen
from nixtui.nix.derivation_file import read_drv
from nixtui.nix.local_store import on_disk
from nixtui.remote.generations import generations
from tests.demo.conftest import Start
from tests.demo.operator import Operator


async def nix(operator: Operator, *words: str) -> tuple[int, str, str]:
    """How `nix WORDS` ends, and what it prints on both outputs."""
    process = await asyncio.create_subprocess_exec(
        *("nix", "--extra-experimental-features", "nix-command flakes", *words),
        env={**os.environ, **operator.fleet.environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def answer(operator: Operator, *words: str) -> Any:
    status, out, err = await nix(operator, *words)
    assert status == 0, err
    return json.loads(out)


async def evaluated(operator: Operator, host: str) -> dict[str, str]:
    attribute = f'.#nixosConfigurations."{host}".config.system.build.toplevel'
    return await answer(operator, "eval", "--json", attribute, "--apply", "d: d")


def grown(operator: Operator, stream: str, status: int) -> BuildTree:
    """The tree that the app grows from a stream."""
    environ = operator.fleet.environ
    tree = BuildTree(exists=lambda path: on_disk(path, environ).exists())
    intake = Intake(tree, lambda: 0.0, read=lambda path: read_drv(path, environ))
    intake.feed(stream.encode())
    intake.end()
    while intake.work():
        pass
    tree.finish(status, 0.0)
    return tree


async def test_it_evaluates_the_hosts_of_the_demo_and_no_others(start: Start) -> None:
    async with start("web-2", "stage-web-2") as operator:
        names = await answer(operator, "eval", "--json", '.#""', "--apply", "f")
        assert names == {"configurations": ["stage-web-2", "web-2"], "deploy_nodes": [], "hive_nodes": []}
        found = await evaluated(operator, "web-2")
        drv = read_drv(found["drv"], operator.fleet.environ)
        assert drv is not None
        assert drv.outputs == {"out": found["out"]}
        assert len(drv.inputs) >= 3
        status, _, err = await nix(operator, "eval", "--json", '.#nixosConfigurations."web-9".config', "--apply", "d")
        assert (status, err.startswith("error: ")) == (1, True)


async def test_an_image_of_a_host_is_built_and_is_one_that_can_be_sent(start: Start) -> None:
    async with start("web-2") as operator:
        told = await answer(operator, "eval", "--json", '.#nixosConfigurations."web-2"', "--apply", "f")
        foreseen = msgspec.convert(told, Foreseen)
        assert (foreseen.system, foreseen.architecture) == ((await evaluated(operator, "web-2"))["out"], "x86_64")
        words = ("build", "--no-link", "--json", "--print-build-logs", f"{foreseen.drv}^*")
        status, out, err = await nix(operator, *words)
        assert status == 0, err
        assert "@nix" not in err
        assert "building '/nix/store/" in err
        built = inspect(Path(json.loads(out)[0]["outputs"]["out"]))
        disk = await asyncio.to_thread(Path(built.file).stat)
        assert (built.architecture, built.boot_mode, built.label) == ("x86_64", "legacy-bios", foreseen.label)
        assert disk.st_size == IMAGE_MIB << 20
        assert disk.st_blocks * 512 < 64 << 20  # mostly holes


async def test_it_says_what_it_is_where_it_knows_no_answer(start: Start) -> None:
    async with start("web-2") as operator:
        status, _, err = await nix(operator, "develop")
        assert status == 1
        assert err == "error: this is the nix of nixtui's demo, which knows no `nix develop`\n"
        status, _, err = await nix(operator, "build", "/nix/store/qj7s3zfhn6vd4q6f2xm4rkflr1cs4dz3-a.drv^*")
        assert status == 1
        assert "nothing but the demo's hosts" in err


async def test_a_build_is_told_event_by_event_and_is_there_afterwards(start: Start) -> None:
    async with start("db-2") as operator:
        found = await evaluated(operator, "db-2")
        words = ("build", f"{found['drv']}^*", "--no-link", "--json", "--log-format", "internal-json", "-v")
        status, out, stream = await nix(operator, *words)
        assert json.loads(out) == [{"drvPath": found["drv"], "outputs": {"out": found["out"]}}]
        tree = grown(operator, stream, status)
        assert tree.succeeded
        assert {each.state for each in tree.derivations.values()} == {State.BUILT}
        exporter = next(each for each in tree.derivations.values() if each.name.startswith("prometheus-node-exporter"))
        assert "github.com/prometheus/node_exporter" in exporter.log.tail
        assert tree.derivations[found["drv"]].needs
        assert sum(each.done or 0 for each in tree.transfers) > 2**20
        assert on_disk(found["out"], operator.fleet.environ).exists()
        status, _, again = await nix(operator, *words)
        assert (status, grown(operator, again, status).derivations) == (0, {})


async def test_one_build_fails_by_intent_and_succeeds_when_it_is_tried_again(start: Start) -> None:
    async with start("log-1") as operator:
        found = await evaluated(operator, "log-1")
        words = ("build", f"{found['drv']}^*", "--json", "--keep-going", "--log-format", "internal-json", "-v")
        status, _, stream = await nix(operator, *words)
        assert status != 0
        tree = grown(operator, stream, status)
        (failed,) = tree.by_state[State.FAILED].values()
        assert (failed.name, failed.exit_code, failed.phase) == ("vector-0.51.2", 1, "checkPhase")
        assert tree.derivations[found["drv"]].state is State.FAILED_DEPENDENCY
        status, _, stream = await nix(operator, *words)
        assert grown(operator, stream, status).succeeded


async def test_a_copy_makes_the_system_known_to_its_host(start: Start) -> None:
    async with start("edge-fra-1") as operator:
        found = await evaluated(operator, "edge-fra-1")
        system = found["out"]
        check = f"nix-store --check-validity {system}"
        assert (await operator.run("edge-fra-1", check)).exit_status != 0
        words = ("copy", "--no-check-sigs", "--to", "ssh://nixtui-target", system, "--log-format", "internal-json")
        status, _, stream = await nix(operator, *words)
        tree = grown(operator, stream, status)
        assert tree.succeeded
        assert (await operator.run("edge-fra-1", check)).exit_status == 0
        async with operator.at("edge-fra-1") as transport:
            assert system not in {each.path for each in (await generations(transport)).items}
        listed = await answer(operator, "path-info", "--json", "/nix/store/qj7s3zfhn6vd4q6f2xm4rkflr1cs4dz3-gone")
        assert listed == {"/nix/store/qj7s3zfhn6vd4q6f2xm4rkflr1cs4dz3-gone": None}
