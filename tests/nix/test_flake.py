from pathlib import Path

import pytest

from nixtui.nix.errors import NixBadAnswer, NixFailed
from nixtui.nix.flake import find_flake, open_flake
from tests.nix.flakes import environ, flake, stand_in, write_flake

SHOW_ARGUMENTS = """for word in "$@"; do printf '%s\\n' "$word" >>"$HERE/argv"; done; echo '[]'"""


async def argv(tmp_path: Path, *, outputs: bool, reference: str = "github:shop/fleet") -> list[str]:
    asked = open_flake(reference, base=tmp_path, environ=stand_in(tmp_path, SHOW_ARGUMENTS))
    if outputs:
        await asked.ask_outputs("o: [ ]", list[str])
    else:
        await asked.ask("deploy.nodes", "builtins.attrNames", list[str])
    return (tmp_path / "argv").read_text().splitlines()


async def test_the_exact_question_about_one_output(tmp_path: Path) -> None:
    assert await argv(tmp_path, outputs=False) == [
        "--extra-experimental-features", "nix-command flakes",
        "eval", "--json", "--no-write-lock-file",
        "github:shop/fleet#deploy.nodes", "--apply", "builtins.attrNames",
    ]  # fmt: skip


async def test_the_exact_question_about_all_outputs(tmp_path: Path) -> None:
    assert await argv(tmp_path, outputs=True) == [
        "--extra-experimental-features", "nix-command flakes",
        "eval", "--json", "--no-write-lock-file",
        "--option", "system", "none", 'github:shop/fleet#""', "--apply", "o: [ ]",
    ]  # fmt: skip


def test_the_nearest_flake_above_is_found(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_flake(below) is None
    write_flake(tmp_path, "{ }")
    assert find_flake(below) == tmp_path
    (below / "flake.nix").mkdir()
    assert find_flake(below) == tmp_path


@pytest.mark.parametrize(
    ("written", "directory", "reference"),
    [
        (".", "/srv/fleet", "."),
        ("./infra", "/srv/fleet/infra", "."),
        ("..", "/srv", "."),
        ("/etc/nixos", "/etc/nixos", "."),
        ("~/fleet", "/home/ada/fleet", "."),
        (".?submodules=1", "/srv/fleet", ".?submodules=1"),
        ("./infra?dir=x", "/srv/fleet/infra", ".?dir=x"),
        ("nixpkgs", "/srv/fleet", "nixpkgs"),
        ("fleet/main", "/srv/fleet", "fleet/main"),
        ("github:shop/fleet", "/srv/fleet", "github:shop/fleet"),
        ("git+ssh://git@example.com/fleet?ref=main", "/srv/fleet", "git+ssh://git@example.com/fleet?ref=main"),
        ("path:/srv/x", "/srv/fleet", "path:/srv/x"),
    ],
)
def test_references_mean_what_they_mean_to_nix(written: str, directory: str, reference: str) -> None:
    opened = open_flake(written, base=Path("/srv/fleet"), environ={"HOME": "/home/ada"})
    assert (opened.directory.resolve(), opened.reference) == (Path(directory), reference)


@pytest.mark.parametrize("name", ["plain", "with space", "a?b#c%20d", "größe", "it's", "-rf"])
async def test_a_flake_in_any_directory_can_be_asked(tmp_path: Path, name: str) -> None:
    asked = flake(tmp_path / name, '{ x.y = "z"; }')
    assert await asked.ask("x", "x: x.y", str) == "z"
    assert await asked.ask_outputs("builtins.attrNames", list[str]) == ["x"]


async def test_asking_for_outputs_is_not_fooled_by_packages(tmp_path: Path) -> None:
    systems = ["x86_64-linux", "aarch64-linux", "x86_64-darwin", "aarch64-darwin"]
    packages = " ".join(f"packages.{system}.a = 1; legacyPackages.{system}.b = 1;" for system in systems)
    asked = flake(tmp_path, f"{{ {packages} nixosConfigurations = {{ }}; }}")
    assert await asked.ask_outputs("builtins.attrNames", list[str]) == [
        "legacyPackages",
        "nixosConfigurations",
        "packages",
    ]


async def test_looking_writes_no_lock_file(tmp_path: Path) -> None:
    write_flake(tmp_path / "input", "{ v = 1; }")
    top = tmp_path / "top"
    top.mkdir()
    (top / "flake.nix").write_text(
        f'{{ inputs.i.url = "path:{tmp_path}/input"; outputs = {{ self, i }}: {{ x.v = i.v; }}; }}'
    )
    asked = open_flake(".", base=top, environ=environ(tmp_path))
    assert await asked.ask("x", "x: x.v", int) == 1
    assert [file.name for file in top.iterdir()] == ["flake.nix"]


async def test_an_answer_of_another_shape_is_told(tmp_path: Path) -> None:
    with pytest.raises(NixBadAnswer, match="something unexpected: Expected `array`, got `str`"):
        await flake(tmp_path, '{ x = "y"; }').ask("x", "x: x", list[str])


async def test_an_answer_that_is_no_json_is_told(tmp_path: Path) -> None:
    asked = open_flake(".", base=tmp_path, environ=stand_in(tmp_path, "echo hello"))
    with pytest.raises(NixBadAnswer, match="something unexpected"):
        await asked.ask("x", "x: x", list[str])


async def test_a_flake_that_does_not_parse_is_told_with_the_place(tmp_path: Path) -> None:
    with pytest.raises(NixFailed, match="syntax error") as caught:
        await flake(tmp_path, "{ x = ; }").ask("x", "x: x", str)
    assert any("flake.nix:1:" in line for line in caught.value.log)
