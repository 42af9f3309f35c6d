"""The hive of Colmena in full. Asked from a real Nix."""

from pathlib import Path

import pytest

from nixtui.nix.colmena import HiveKey, HiveTarget, UploadAt, hive_targets, key_texts
from nixtui.nix.errors import NixBadAnswer
from tests.nix.flakes import flake

NEVER = 'throw "a system was evaluated"'

HIVE = f"""{{ colmenaHive = {{
    __schema = "v0.5";
    nodes = {{ a = {NEVER}; b = {NEVER}; }};
    toplevel = {NEVER};
    deploymentConfig = {{
        a = {{
            targetHost = "10.0.0.1"; targetPort = 2222; targetUser = "ops"; tags = [ "web" "eu" ];
            buildOnTarget = true; allowLocalDeployment = true; replaceUnknownProfiles = false;
            privilegeEscalationCommand = [ "doas" ]; sshOptions = [ "-o" "X=y" ];
            keys = {{
                token = {{ name = "token"; text = "sesame"; keyFile = null; keyCommand = null; destDir = "/run/keys";
                    path = "/run/keys/token"; user = "web"; group = "www"; permissions = "0440";
                    uploadAt = "post-activation"; }};
                file = {{ text = null; keyFile = ./secret; destDir = "/etc/keys"; }};
                command = {{ keyCommand = [ "pass" "x" ]; }};
            }};
        }};
        b = {{ targetHost = null; targetPort = null; targetUser = null; }};
    }};
}}; }}"""


async def test_everything_that_is_said_of_a_deployment(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sesame")
    answers = await hive_targets(flake(tmp_path, HIVE), ["a", "b"])
    found = answers["a"]
    assert isinstance(found, HiveTarget)
    assert (found.target_host, found.target_port, found.target_user) == ("10.0.0.1", 2222, "ops")
    assert found.tags == ("web", "eu")
    assert (found.build_on_target, found.allow_local_deployment, found.replace_unknown_profiles) == (True, True, False)
    assert (found.privilege_escalation_command, found.ssh_options) == (("doas",), ("-o", "X=y"))
    assert found.keys["token"] == HiveKey(
        name="token",
        path="/run/keys/token",
        user="web",
        group="www",
        permissions="0440",
        upload_at=UploadAt.POST_ACTIVATION,
    )
    assert found.keys["command"].key_command == ("pass", "x")
    assert found.keys["command"].path == "/run/keys/command"
    assert answers["b"] == HiveTarget()


async def test_what_is_in_a_key_is_neither_shown_nor_put_into_the_store(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sesame")
    (found, _) = (await hive_targets(flake(tmp_path, HIVE), ["a", "b"])).values()
    assert isinstance(found, HiveTarget)
    assert "sesame" not in repr(found)
    assert found.keys["token"].has_text
    file = found.keys["file"].key_file
    assert file is not None
    assert file.endswith("-source/secret")  # of the flake itself; no copy of its own


async def test_the_text_of_keys_is_told_to_who_asks(tmp_path: Path) -> None:
    assert await key_texts(flake(tmp_path, HIVE), "a") == {"token": "sesame", "file": None, "command": None}


@pytest.mark.parametrize("schema", ['__schema = "v0.4";', ""])
async def test_a_hive_of_another_schema_is_refused(tmp_path: Path, schema: str) -> None:
    outputs = f"{{ colmenaHive = {{ {schema} nodes = {{ }}; deploymentConfig = {{ }}; }}; }}"
    with pytest.raises(NixBadAnswer, match=r"v0\.5"):
        await hive_targets(flake(tmp_path, outputs), [])
