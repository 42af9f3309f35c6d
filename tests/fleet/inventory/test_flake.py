"""The hosts of a flake, asked from a real Nix."""

from pathlib import Path

from nixtui.fleet.inventory.flake import FlakeSource
from nixtui.fleet.inventory.source import Found, PartialHost
from nixtui.nix.flake import open_flake
from tests.nix.flakes import flake

NEVER = 'throw "a system was evaluated"'


async def answers(tmp_path: Path, outputs: str) -> list[Found]:
    return [found async for found in FlakeSource(flake(tmp_path, outputs)).hosts()]


def names(found: Found) -> list[str]:
    return [host.name for host in found.hosts]


async def test_configurations_are_hosts_that_are_built_from_them(tmp_path: Path) -> None:
    (found,) = await answers(tmp_path, f"{{ nixosConfigurations = {{ web-1 = {NEVER}; db-1 = {NEVER}; }}; }}")
    assert found == Found(
        (PartialHost(name="db-1", flake_attr="db-1", tags={}), PartialHost(name="web-1", flake_attr="web-1", tags={}))
    )


async def test_how_a_host_is_reached_comes_from_deploy_rs_before_colmena(tmp_path: Path) -> None:
    outputs = f"""{{
        nixosConfigurations.web-1 = {NEVER};
        deploy.nodes.web-1 = {{ hostname = "10.0.0.1"; sshOpts = [ "-p" "2222" ]; }};
        colmenaHive.nodes.web-1 = {NEVER};
        colmenaHive.deploymentConfig.web-1 = {{ targetHost = "9.9.9.9"; targetUser = "ops"; tags = [ "x" "rack=7" ]; }};
    }}"""
    *_, found = await answers(tmp_path, outputs)
    assert found.hosts == (
        PartialHost(
            name="web-1", address="10.0.0.1", port=2222, user="ops", flake_attr="web-1", tags={"x": "", "rack": "7"}
        ),
    )


async def test_a_host_is_not_told_before_its_address_is_known(tmp_path: Path) -> None:
    outputs = """{
        nixosConfigurations = { plain = 1; both = 1; hive = 1; };
        deploy.nodes = { both.hostname = "b"; only-deploy.hostname = "d"; };
        colmenaHive.nodes = { both = 1; hive = 1; };
        colmenaHive.deploymentConfig = { both.targetHost = "b"; hive.targetHost = "h"; };
    }"""
    first, second, last = await answers(tmp_path, outputs)
    assert names(first) == ["plain"]
    assert names(second) == ["only-deploy", "plain"]
    assert names(last) == ["both", "hive", "only-deploy", "plain"]


async def test_a_colmena_node_that_is_only_local_is_no_host_by_itself(tmp_path: Path) -> None:
    outputs = """{
        nixosConfigurations.known = 1;
        colmenaHive.nodes = { known = 1; laptop = 1; };
        colmenaHive.deploymentConfig = { known.targetHost = null; laptop.targetHost = null; };
    }"""
    *_, found = await answers(tmp_path, outputs)
    assert names(found) == ["known"]


async def test_ipv6_in_brackets_is_taken_out_of_them(tmp_path: Path) -> None:
    *_, found = await answers(tmp_path, '{ deploy.nodes.a.hostname = "[fd00::1]"; }')
    assert [host.address for host in found.hosts] == ["fd00::1"]


async def test_broken_nodes_are_told_together_and_keep_their_place_in_the_list(tmp_path: Path) -> None:
    outputs = """{
        nixosConfigurations = { a = 1; b = 1; };
        deploy.nodes = { a = throw "x"; b.hostname = "b.example"; c = throw "y"; d.hostname = { }.x; };
    }"""
    *_, found = await answers(tmp_path, outputs)
    assert [(host.name, host.address) for host in found.hosts] == [("a", None), ("b", "b.example")]
    assert [(problem.host, problem.reason) for problem in found.problems] == [
        ("a", "its entry in deploy.nodes throws (also c)"),
        ("d", "attribute 'x' missing"),
    ]
    assert "error: attribute 'x' missing" in found.problems[1].log


async def test_hostile_names_and_addresses_are_left_out_one_by_one(tmp_path: Path) -> None:
    outputs = """{
        nixosConfigurations = { "-rf" = 1; "a b" = 1; "x\\"y" = 1; good = 1; "\\${z}" = 1; };
        deploy.nodes.evil.hostname = "-oProxyCommand=id";
    }"""
    *_, found = await answers(tmp_path, outputs)
    assert names(found) == ["good"]
    assert {problem.host for problem in found.problems} == {'"${z}"', '"-rf"', '"a b"', '"x\\"y"', "evil"}


async def test_ssh_options_that_are_not_used_are_a_note(tmp_path: Path) -> None:
    outputs = (
        """{ deploy.sshOpts = [ "-J" "bastion" "-p" "2" ]; deploy.nodes = { a.hostname = "a"; b.hostname = "b"; }; }"""
    )
    *_, found = await answers(tmp_path, outputs)
    assert [(problem.note, problem.reason) for problem in found.problems] == [
        (True, 'sshOpts "-J bastion" of 2 nodes is not used')
    ]


async def test_an_output_that_throws_is_told(tmp_path: Path) -> None:
    *_, found = await answers(tmp_path, '{ nixosConfigurations = throw "x"; deploy.nodes.a.hostname = "a"; }')
    assert names(found) == ["a"]
    assert [problem.reason for problem in found.problems] == ["nixosConfigurations throws an error"]


async def test_a_flake_that_does_not_evaluate_is_a_problem_not_an_error(tmp_path: Path) -> None:
    (found,) = await answers(tmp_path, "{ nixosConfigurations = nope; }")
    assert found.hosts == ()
    assert [problem.reason for problem in found.problems] == ["undefined variable 'nope'"]
    assert found.problems[0].log


async def test_without_nix_there_is_a_problem_with_a_remedy_and_nothing_else(tmp_path: Path) -> None:
    source = FlakeSource(open_flake(".", base=tmp_path, environ={"PATH": str(tmp_path)}))
    (found,) = [found async for found in source.hosts()]
    assert found.hosts == ()
    assert [problem.remedy for problem in found.problems] == ["install Nix here, or name the hosts in nixtui.toml"]
