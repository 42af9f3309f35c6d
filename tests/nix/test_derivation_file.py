"""Derivations as the real nix writes and shows them."""

import subprocess
from pathlib import Path

import pytest

from nixtui.nix.derivation_file import Drv, parse_drv, parse_shown, read_drv
from tests.nix.flakes import environ

GRAPH = """
let make = attributes: derivation ({ system = "x86_64-linux"; builder = "/bin/sh"; } // attributes);
in make {
  name = "top-1.0";
  pname = "t\\"op\\n";
  outputs = [ "out" "dev" ];
  script = "]),(\\"Derive([";
  needed = make { name = "needed-2.0"; };
}
"""


def instantiated(directory: Path) -> str:
    done = subprocess.run(
        ["nix-instantiate", "--expr", GRAPH], capture_output=True, text=True, check=True, env=environ(directory)
    )
    return done.stdout.strip()


def test_a_real_derivation_is_read(tmp_path: Path) -> None:
    path = instantiated(tmp_path)
    drv = read_drv(path)
    assert drv is not None
    assert drv.system == "x86_64-linux"
    assert drv.pname == 't"op\n'
    assert set(drv.outputs) == {"out", "dev"}
    assert drv.outputs["dev"].endswith("-top-1.0-dev")
    (needed,) = drv.inputs
    assert needed.endswith("-needed-2.0.drv")
    assert read_drv(needed) is not None


def test_nix_shows_the_same(tmp_path: Path) -> None:
    path = instantiated(tmp_path)
    shown = subprocess.run(
        ["nix", "--extra-experimental-features", "nix-command", "show-derivation", "-r", path],
        capture_output=True,
        check=True,
        env=environ(tmp_path),
    ).stdout
    found = parse_shown(shown)
    assert found[path] == read_drv(path)
    assert len(found) == 2


def test_newer_nix_leaves_the_directory_out_and_nests() -> None:
    name = "a" * 32
    shown = (
        f'{{"version":4,"derivations":{{"{name}-top.drv":{{"outputs":{{"out":{{"path":"{name}-top"}}}},'
        f'"inputs":{{"srcs":[],"drvs":{{"{name}-in.drv":{{"outputs":["out"]}}}}}},"system":"s","env":{{}},'
        f'"structuredAttrs":{{"pname":"top"}}}}}}}}'
    )
    assert parse_shown(shown.encode()) == {
        f"/nix/store/{name}-top.drv": Drv({"out": f"/nix/store/{name}-top"}, (f"/nix/store/{name}-in.drv",), "s", "top")
    }


def test_an_output_whose_path_only_the_build_tells_is_empty() -> None:
    content = b'Derive([("out","","r:sha256","")],[],[],"x86_64-linux","/bin/sh",[],[("out","")])'
    assert parse_drv(content) == Drv({"out": ""}, (), "x86_64-linux")


def test_dynamic_derivations_have_a_version_before_the_rest() -> None:
    content = (
        b'DrvWithVersion("xp-dyn-drv",[("out","/o","","")],[("/nix/store/i.drv",(["out"],[]))],[],"s","b",[],'
        b'[("__json","{\\"pname\\":\\"hello\\"}")])'
    )
    assert parse_drv(content) == Drv({"out": "/o"}, ("/nix/store/i.drv",), "s", "hello")


@pytest.mark.parametrize(
    "content",
    [b"", b"Derive", b"Derive([", b"[[[[" * 1000, b'Derive(["a"],1)', b"\xff\x00" * 99, b'"' * 1001],
)
def test_what_is_no_derivation_is_none(content: bytes) -> None:
    assert parse_drv(content) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'{"a":{}}', b'{"derivations":5}', b"[" * 99_999])
def test_what_nix_never_shows_is_nothing(content: bytes) -> None:
    assert parse_shown(content) == {}


@pytest.mark.parametrize("path", ["/etc/passwd", "/nix/store/../../etc/shadow.drv", "x.drv", "/nix/store/a.drv\0"])
def test_only_the_store_is_read(path: str) -> None:
    assert read_drv(path) is None
