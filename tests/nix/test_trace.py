"""What an evaluation says when it fails, from a real Nix and as newer ones print it."""

from pathlib import Path

import pytest

from nixtui.nix.errors import NixError, NixMissing
from nixtui.nix.flake import open_flake
from nixtui.nix.trace import EvaluationFailed, Position, Transcript, explain
from tests.nix.flakes import environ, flake, write_flake
from tests.nix.systems_flake import git

NEWER = """\
error:
       … while calling the 'derivationStrict' builtin
         at <nix/derivation-internal.nix>:37:12:
           36|
           37|   strict = derivationStrict drvAttrs;

       … while evaluating the option `services.nginx':

       error: The option `services.nginx.enabl' does not exist. Definition values:
       - In `/nix/store/00000000000000000000000000000000-source/web.nix': true
       at /nix/store/00000000000000000000000000000000-source/modules/web.nix:12:3:
           11| {
           12|   services.nginx.enabl = true;
             |   ^
           13| }"""


def test_the_last_error_is_the_innermost_and_has_its_place() -> None:
    failure = explain(1, NEWER.splitlines())
    assert failure.reason == "The option `services.nginx.enabl' does not exist. Definition values:"
    assert failure.position == Position("modules/web.nix", 12, 3)
    assert failure.log[1].strip().startswith("- In")
    assert "at modules/web.nix:12:3" in failure.log
    assert failure.trace == tuple(NEWER.splitlines())


async def test_a_real_nix_tells_file_line_and_the_way(tmp_path: Path) -> None:
    outputs = '{ a = let f = n: derivation { name = n; system = "s"; builder = { }.x; }; in f "a"; }'
    with pytest.raises(EvaluationFailed) as raised:
        await flake(tmp_path, outputs).ask_lasting("a", "d: d.drvPath", str)
    failure = raised.value
    assert failure.reason == "attribute 'x' missing"
    assert failure.position is not None
    assert (failure.position.file, failure.position.line) == ("flake.nix", 1)
    assert len(failure.trace) > len(failure.log)
    assert any("while evaluating" in line for line in failure.trace)


async def test_an_attribute_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EvaluationFailed, match="the flake has no nixosConfigurations"):
        await flake(tmp_path, "{ }").ask("nixosConfigurations.x", "x: x", str)


async def test_a_flake_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EvaluationFailed) as raised:
        await open_flake("./empty", base=tmp_path, environ=environ(tmp_path)).ask("x", "x: x", str)
    assert str(raised.value) == (
        "there is no flake.nix there; name the flake in [fleet] flake, or run this where one is"
    )
    with pytest.raises(NixMissing, match="no directory"):
        await open_flake("./nowhere", base=tmp_path, environ=environ(tmp_path)).ask("x", "x: x", str)


async def test_a_flake_that_git_does_not_know(tmp_path: Path) -> None:
    write_flake(tmp_path, "{ }")
    git(tmp_path, "init", "-q")
    with pytest.raises(NixError, match=r"flake\.nix is not known to git; git add flake\.nix"):
        await open_flake(".", base=tmp_path, environ=environ(tmp_path)).ask("x", "x: x", str)


def test_however_long_it_is_both_ends_are_kept() -> None:
    told = Transcript(bytes.decode, most=10)
    for number in range(1000):
        told.take(b"%d" % number)
    assert told.lines[:5] == ("0", "1", "2", "3", "4")
    assert told.lines[5] == "… 990 lines left out …"
    assert told.lines[-5:] == ("995", "996", "997", "998", "999")


@pytest.mark.parametrize("said", [(), ("",), ("error:",), ("error: ",), ("warning: x",), ("error:", "       … way")])
def test_nothing_to_go_by_is_no_reason_to_fail(said: tuple[str, ...]) -> None:
    assert explain(1, said).reason
