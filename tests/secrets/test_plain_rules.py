"""Rules of agenix that are read without Nix: as Nix reads them, or not at all."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from nixtui.secrets.plain_rules import plain_rules

PLAIN = [
    '{ "a.age".publicKeys = [ "age1x" ]; }',
    'let me = "age1x"; all = [ me "age1y" ]; in { "a.age".publicKeys = all; "b/c.age".publicKeys = [ me ] ++ all; }',
    'let\n  # people\n  me = "ssh-ed25519 AAAA me@laptop";\n  us = [ me ]; /* hosts\n */ web-1 = "age1w";\nin\n'
    '{\n  "a.age" = { publicKeys = us ++ ([ web-1 ]); armor = true; };\n  "b.age".publicKeys = us;\n'
    '  "b.age".armor = false;\n}\n',
    "{ }",
]

OTHER = [
    'let all = import ./keys.nix; in { "a.age".publicKeys = all; }',
    'with { me = "x"; }; { "a.age".publicKeys = [ me ]; }',
    'let me = "x"; in rec { "a.age".publicKeys = [ me ]; }',
    '{ "a.age".publicKeys = map (x: x) [ "y" ]; }',
    'let n = "a"; in { "${n}.age".publicKeys = [ "y" ]; }',
    '{ "a.age".publicKeys = [ unknown ]; }',
    '{ "a.age".publicKeys = [ "x\\ny" ]; }',
    '{ "a.age".publicKeys = [ [ "x" ] ]; }',
    "{ a.publicKeys = [ ]; } // { }",
    '{ "a.age".publicKeys = "x"; }',
    '{ "a.age".publicKeys = [ "x" ]; ',
    "{ \"a.age\".publicKeys = [ ''x'' ]; }",
    '{ "a.age".publicKeys = [ "x" ]; "a.age".publicKeys = [ "y" ]; }',
    "(" * 5000,
]


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_read_is_what_nix_reads(text: str, tmp_path: Path) -> None:
    pytest.importorskip("shutil").which("nix") or pytest.skip("no nix")
    (tmp_path / "secrets.nix").write_text(text)
    environ = {**os.environ, "HOME": str(tmp_path), "NIX_CONFIG": "experimental-features = nix-command flakes"}
    done = subprocess.run(
        ["nix", "eval", "--json", "--file", "secrets.nix"], cwd=tmp_path, env=environ, capture_output=True, check=True
    )
    assert plain_rules(text) == json.loads(done.stdout)


@pytest.mark.parametrize("text", OTHER)
def test_what_is_not_plain_is_left_to_nix(text: str) -> None:
    assert plain_rules(text) is None
