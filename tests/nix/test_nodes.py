"""How deploy-rs and Colmena reach their nodes. Asked from a real Nix."""

from pathlib import Path

from nixtui.nix.errors import NixBadAnswer, NixError, NixFailed, NixTimedOut
from nixtui.nix.flake import Flake, open_flake
from nixtui.nix.nodes import DeployNode, HiveNode, deploy_nodes, hive_nodes
from tests.nix.flakes import flake, stand_in, write_flake

NEVER = 'throw "a system was evaluated"'


def reasons(answers: object) -> dict[str, str]:
    assert isinstance(answers, dict)
    return {name: answer.reason for name, answer in answers.items() if isinstance(answer, NixError)}


async def test_settings_of_a_profile_win_over_those_of_its_node_and_of_all(tmp_path: Path) -> None:
    """As deploy-rs merges them; ssh options are joined, the most specific first."""
    outputs = f"""{{ deploy = {{
        sshUser = "top"; sshOpts = [ "-p" "1" ];
        nodes.a = {{ hostname = "a.example"; sshUser = "node"; sshOpts = [ "-p" "2" ];
            profiles.system = {{ path = {NEVER}; sshUser = "profile"; sshOpts = [ "-p" "3" ]; }}; }};
        nodes.b = {{ hostname = "b.example"; sshUser = "node"; profiles.system.path = {NEVER}; }};
        nodes.c = {{ hostname = "c.example"; profiles.other = {NEVER}; }};
        nodes.d = {{ profiles = {{ }}; }};
    }}; }}"""
    assert await deploy_nodes(flake(tmp_path, outputs), ["a", "b", "c", "d"]) == {
        "a": DeployNode(hostname="a.example", ssh_user="profile", ssh_opts=("-p", "3", "-p", "2", "-p", "1")),
        "b": DeployNode(hostname="b.example", ssh_user="node", ssh_opts=("-p", "1")),
        "c": DeployNode(hostname="c.example", ssh_user="top", ssh_opts=("-p", "1")),
        "d": DeployNode(hostname=None, ssh_user="top", ssh_opts=("-p", "1")),
    }


async def test_colmena_nodes_without_their_keys_or_systems(tmp_path: Path) -> None:
    outputs = f"""{{ colmenaHive = {{
        nodes = {{ a = {NEVER}; b = {NEVER}; }};
        toplevel = {NEVER};
        deploymentConfig = {{
            a = {{ targetHost = "10.0.0.1"; targetPort = 22; targetUser = "root"; tags = [ "web" ]; keys = {NEVER}; }};
            b = {{ targetHost = null; targetPort = null; targetUser = null; tags = [ ]; }};
        }};
    }}; }}"""
    assert await hive_nodes(flake(tmp_path, outputs), ["a", "b"]) == {
        "a": HiveNode(target_host="10.0.0.1", target_port=22, target_user="root", tags=("web",)),
        "b": HiveNode(),
    }


async def test_a_node_that_throws_is_told_and_hides_no_other(tmp_path: Path) -> None:
    outputs = '{ deploy.nodes = { a.hostname = "a"; b = throw "x"; c.hostname = throw "y"; d.hostname = "d"; }; }'
    answers = await deploy_nodes(flake(tmp_path, outputs), ["a", "b", "c", "d"])
    assert answers["a"] == DeployNode(hostname="a")
    assert answers["d"] == DeployNode(hostname="d")
    assert reasons(answers) == dict.fromkeys("bc", "its entry in deploy.nodes throws")


async def test_nor_does_one_that_is_broken_beyond_tryeval(tmp_path: Path) -> None:
    names = [f"n{number:03}" for number in range(300)]
    nodes = " ".join(f'{name}.hostname = "{name}";' for name in names if name not in ("n017", "n244"))
    outputs = f"{{ deploy.nodes = {{ {nodes} n017.hostname = {{ }}.x; n244.hostname = 1 + null; }}; }}"
    answers = await deploy_nodes(flake(tmp_path, outputs), names)
    assert "attribute 'x' missing" in reasons(answers)["n017"]
    assert reasons(answers).keys() == {"n017", "n244"}
    assert answers["n000"] == DeployNode(hostname="n000")


async def test_a_flake_full_of_broken_nodes_is_not_asked_for_ever(tmp_path: Path) -> None:
    write_flake(tmp_path, "{ }")
    broken = open_flake(
        ".", base=tmp_path, environ=stand_in(tmp_path, 'echo x >>"$HERE/asked"; echo "error: no" >&2; exit 1')
    )
    names = [f"n{number}" for number in range(1000)]
    answers = await deploy_nodes(broken, names)
    assert answers.keys() == set(names)
    assert all(isinstance(answer, NixFailed) for answer in answers.values())
    assert len((tmp_path / "asked").read_text().split()) < 100


async def test_when_time_runs_out_what_was_learned_is_kept(tmp_path: Path) -> None:
    """The first question fails, the first half answers, the second never does."""
    script = """
        echo x >>"$HERE/asked"
        case $(wc -l <"$HERE/asked") in
            1) echo "error: no" >&2; exit 1 ;;
            2) echo '[{"name": "a", "answer": {"success": true, "value": {"hostname": "a.example"}}}]' ;;
            *) exec sleep 1000 ;;
        esac
        """
    slow = Flake(".", directory=tmp_path, environ=stand_in(tmp_path, script), time_limit=0.5)
    answers = await deploy_nodes(slow, ["a", "b"])
    assert answers["a"] == DeployNode(hostname="a.example")
    assert isinstance(answers["b"], NixTimedOut)


async def test_values_of_another_kind_concern_only_their_node(tmp_path: Path) -> None:
    outputs = """{ deploy.nodes = {
        a.hostname = 3; b.hostname = "b"; c = { hostname = "c"; sshOpts = "-p 1"; }; d.hostname = x: x; e = null;
    }; }"""
    answers = await deploy_nodes(flake(tmp_path, outputs), ["a", "b", "c", "d", "e"])
    assert answers["b"] == DeployNode(hostname="b")
    assert reasons(answers).keys() == {"a", "c", "d"}
    assert isinstance(answers["a"], NixBadAnswer)


async def test_names_never_become_part_of_an_expression(tmp_path: Path) -> None:
    names = ['"', "${x}", "a b", "b.c", "'';", "\\"]
    written = ['"\\""', '"\\${x}"', '"a b"', '"b.c"', "\"'';\"", '"\\\\"']
    nodes = " ".join(f'{name}.hostname = "h{place}";' for place, name in enumerate(written))
    answers = await deploy_nodes(flake(tmp_path, f"{{ deploy.nodes = {{ {nodes} }}; }}"), sorted(names))
    assert answers == {name: DeployNode(hostname=f"h{place}") for place, name in enumerate(names)}
