"""Which hosts a flake has, whatever state its outputs are in. Asked from a real Nix."""

from pathlib import Path

import pytest

from nixtui.nix.errors import NixFailed
from nixtui.nix.outputs import Outputs, list_outputs
from tests.nix.flakes import flake

NEVER = 'throw "a system was evaluated"'


async def test_the_names_of_all_three_without_evaluating_any(tmp_path: Path) -> None:
    outputs = f"""{{
        nixosConfigurations = {{ web-1 = {NEVER}; db-1 = {NEVER}; }};
        deploy.nodes.web-1 = {NEVER};
        colmenaHive.nodes.cache-1 = {NEVER};
    }}"""
    assert await list_outputs(flake(tmp_path, outputs)) == (
        Outputs(configurations=("db-1", "web-1"), deploy_nodes=("web-1",), hive_nodes=("cache-1",)),
        None,
    )


async def test_what_a_flake_does_not_have_is_empty(tmp_path: Path) -> None:
    assert await list_outputs(flake(tmp_path, "{ }")) == (Outputs(), None)
    assert await list_outputs(flake(tmp_path / "b", "{ deploy.sshUser = 1; colmenaHive = { }; }")) == (Outputs(), None)


async def test_an_output_that_throws_does_not_hide_the_others(tmp_path: Path) -> None:
    outputs = '{ nixosConfigurations = throw "x"; deploy.nodes.a = { }; colmenaHive = throw "y"; }'
    found, failure = await list_outputs(flake(tmp_path, outputs))
    assert found == Outputs(configurations=None, deploy_nodes=("a",), hive_nodes=None)
    assert found.broken == ("nixosConfigurations", "colmenaHive.nodes")
    assert failure is None


@pytest.mark.parametrize(
    "broken", ["{ }.x", "1 + null", "null", "import ./missing.nix", 'abort "no"', "let x = x; in x"]
)
async def test_nor_does_one_that_is_broken_beyond_tryeval(tmp_path: Path, broken: str) -> None:
    found, failure = await list_outputs(flake(tmp_path, f"{{ nixosConfigurations.a = 1; deploy.nodes = {broken}; }}"))
    assert found == Outputs(configurations=("a",))
    assert failure is not None


async def test_a_flake_of_which_nothing_can_be_had_fails_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(NixFailed, match="undefined variable 'nope'"):
        await list_outputs(flake(tmp_path, "nope"))
