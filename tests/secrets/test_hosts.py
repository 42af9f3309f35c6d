"""Declared, stored, deployed: evaluated by a real Nix, and compared with a directory that stands for a host."""

from pathlib import Path
from typing import Any

import pytest

from nixtui.deploys.secrets import Origin, SecretsCheck
from nixtui.model.host import Host
from nixtui.nix.flake import Flake
from nixtui.remote.errors import BadAnswer
from nixtui.remote.secrets import look_at_secrets, mark_of, parse_secrets
from nixtui.remote.transport import Completed
from nixtui.secrets.declared import Declaration, declaration, lacks
from nixtui.secrets.errors import SecretsError
from nixtui.secrets.proof import Proofs, Standing, prove
from nixtui.secrets.recipient import ssh_to_age
from nixtui.secrets.repository import look_around
from tests.remote.local_transport import SHELLS, LocalTransport
from tests.secrets.conftest import Repo, run

NIX = "experimental-features = nix-command flakes\n"

FLAKE = """{
  outputs = { self }: {
    nixosConfigurations.web.config = {
      sops = {
        age = { sshKeyPaths = [ "/etc/ssh/ssh_host_ed25519_key" ]; keyFile = null; };
        secrets = builtins.mapAttrs (name: given: {
          inherit name; key = name; path = "/run/secrets/${name}"; format = "yaml"; mode = "0400"; owner = null;
          group = null; uid = 0; gid = 0; sopsFile = ./secrets.yaml; restartUnits = [ ]; reloadUnits = [ ];
        } // given) (import ./declared.nix);
      };
    };
    nixosConfigurations.aged.config.age = {
      identityPaths = [ "/etc/ssh/ssh_host_ed25519_key" ];
      secrets.token = { name = "token"; file = ./token.age; path = "/run/agenix/token"; mode = "0400"; owner = "0";
        group = "0"; };
    };
    nixosConfigurations.none.config = { };
    nixosConfigurations.broken.config = throw "nobody evaluates me";
  };
}
"""


def flake(repo: Repo, declared: str) -> Flake:
    (repo.root / "flake.nix").write_text(FLAKE)
    (repo.root / "declared.nix").write_text(declared)
    environ = {**repo.environ, "NIX_CONFIG": NIX}
    (repo.root / ".git").rmdir() if (repo.root / ".git").is_dir() else None
    return Flake("path:.", directory=repo.root, environ=environ)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host, as a directory, with a host key."""
    root = tmp_path / "host"
    (root / "etc/ssh").mkdir(parents=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "web", "-f", root / "etc/ssh/ssh_host_ed25519_key")
    return root


def public(root: Path) -> str:
    return (root / "etc/ssh/ssh_host_ed25519_key.pub").read_text()


def transport(root: Path, shell: str = "dash") -> LocalTransport:
    return LocalTransport(Host(name="web", address="web"), shell, {"NIXTUI_ROOT": str(root)})


def install(root: Path, values: dict[str, str], mode: int = 0o400) -> None:
    """As sops-install-secrets lays it out."""
    folder = root / "run/secrets.d/7"
    for name, value in values.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value)
        file.chmod(mode)
    (root / "run/secrets").unlink(missing_ok=True)
    (root / "run/secrets").symlink_to("secrets.d/7")


PLAIN = "db:\n    password: hunter2\n    port: 5432\n    empty: ''\napi: key\n"


async def test_what_is_declared_is_evaluated(repo: Repo) -> None:
    repo.encrypt("secrets.yaml", PLAIN)
    fleet = flake(repo, '{ "db/password" = { restartUnits = [ "db.service" ]; owner = "postgres"; }; }')
    found = await declaration(fleet, "web")
    (secret,) = found.secrets
    assert (secret.kind, secret.name, secret.key, secret.path) == (
        "sops", "db/password", "db/password", "/run/secrets/db/password",
    )  # fmt: skip
    assert (secret.owner, secret.group, secret.mode, secret.units) == ("postgres", "0", "0400", ("db.service",))
    assert found.ssh_keys == ("/etc/ssh/ssh_host_ed25519_key",) and secret.digest
    assert (await declaration(fleet, "none")).secrets == ()
    with pytest.raises(SecretsError, match="the secrets of broken cannot be evaluated: nobody evaluates me"):
        await declaration(fleet, "broken")


async def found_lacks(repo: Repo, declared: str, host_key: str, name: str = "web") -> list[tuple[str, str]]:
    fleet = flake(repo, declared)
    found = await lacks(
        await declaration(fleet, name), await look_around(repo.root, fleet.environ), (" ".join(host_key.split()[:2]),)
    )
    return [(each.secret, each.reason) for each in found]


async def test_what_would_not_arrive_is_found_without_a_key(repo: Repo, root: Path) -> None:
    host = ssh_to_age(public(root))
    repo.encrypt("secrets.yaml", PLAIN, to=f"{repo.me.public},{host}")
    repo.encrypt("closed.yaml", PLAIN)
    declared = """{
      "db/password" = { }; api = { }; "db/empty" = { };
      "db/user" = { };
      db = { };
      "db/port" = { };
      closed = { key = "api"; sopsFile = ./closed.yaml; };
      whole = { key = ""; };
      gone = { sopsFile = ./gone.yaml; };
    }"""
    assert await found_lacks(repo, declared, public(root)) == [
        ("closed", "closed.yaml is not encrypted to the host's key"),
        ("db", "db is a map or list, and sops-nix wants one value: secrets.yaml"),
        ("db/port", "db/port of secrets.yaml is no string but int, which sops-nix refuses"),
        ("db/user", "db/user is not in the file: secrets.yaml"),
        ("gone", "gone.yaml is not in the flake"),
    ]


async def test_an_age_file_for_others_is_found(repo: Repo, root: Path) -> None:
    path = repo.root / "token.age"
    other = run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", repo.home / "k")
    other = (repo.home / "k.pub").read_bytes()
    for key, wanted in (
        (public(root), []),
        (other.decode(), [("token", "token.age is not encrypted to the host's key")]),
    ):
        path.unlink(missing_ok=True)
        run("age", "-r", key.strip(), "-o", path, stdin=b"x")
        assert await found_lacks(repo, "{ }", public(root), "aged") == wanted


async def proofs(repo: Repo, root: Path, declared: Declaration, shell: str = "dash", **more: Any) -> Proofs:
    repository = await look_around(repo.root, {**repo.environ, "NIX_CONFIG": NIX})
    return await prove(transport(root, shell), declared, repository, await repo.runner(**more))


@pytest.mark.parametrize("shell", SHELLS)
async def test_a_host_is_proven_and_what_differs_is_named(repo: Repo, root: Path, shell: str) -> None:
    repo.encrypt("secrets.yaml", PLAIN)
    user, group = (run("id", each).decode().strip() for each in ("-un", "-gn"))
    mine = f'owner = "{user}"; group = "{group}";'
    fleet = flake(repo, f'{{ "db/password" = {{ {mine} }}; api = {{ {mine} }}; }}')
    declared = await declaration(fleet, "web")
    install(root, {"db/password": "hunter2", "api": "key"})
    found = await proofs(repo, root, declared, shell)
    assert [each.standing for each in found.proofs] == [Standing.PROVEN, Standing.PROVEN], str(found)
    assert str(found) == "2 secrets proven" and found.generations == {"sops": "7"}
    (root / "run/secrets.d/7/api").unlink()
    install(root, {"db/password": "hunter3"})
    found = await proofs(repo, root, declared, shell)
    assert str(found) == (
        "secret api: /run/secrets/api is not there; "
        "secret db/password: /run/secrets/db/password has another value than secrets.yaml"
    )
    install(root, {"db/password": "hunter2", "api": "key"}, mode=0o444)
    found = await proofs(repo, root, declared, shell)
    assert found.proofs[0].detail == "/run/secrets/api has mode 444, declared is 0400"
    declared = await declaration(flake(repo, '{ api = { owner = "nobody-here"; mode = "0444"; }; }'), "web")
    (wrong,) = (await proofs(repo, root, declared, shell)).wrong
    assert wrong.standing is Standing.OWNER and f"belongs to {user}, declared is nobody-here" in str(wrong.detail)


async def test_without_a_key_presence_is_told_and_equality_is_not(repo: Repo, root: Path) -> None:
    repo.encrypt("secrets.yaml", PLAIN)
    install(root, {"api": "key"})
    declared = await declaration(flake(repo, "{ api = { }; }"), "web")
    found = await proofs(repo, root, declared, SOPS_AGE_KEY_FILE="")
    assert str(found) == "1 secret is there; no value of 1 could be compared with your keys"
    assert not found.wrong


async def test_whole_files_and_age_files_are_proven(repo: Repo, root: Path) -> None:
    repo.encrypt("secrets.yaml", PLAIN)
    repo.encrypt("key.bin", b"\0\xffkey")
    repo.encrypt("app.env", "A=b\n")
    declared = """{
      bin = { format = "binary"; sopsFile = ./key.bin; };
      env = { format = "dotenv"; sopsFile = ./app.env; };
      all = { key = ""; };
    }"""
    found = await declaration(flake(repo, declared), "web")
    install(root, {"env": "A=b\n", "all": repo.sops("decrypt", "secrets.yaml").decode()})
    (root / "run/secrets.d/7/bin").write_bytes(b"\0\xffkey")
    (root / "run/secrets.d/7/bin").chmod(0o400)
    told = await proofs(repo, root, found)
    assert {each.secret: each.standing for each in told.proofs} == dict.fromkeys(("bin", "env", "all"), Standing.PROVEN)
    run("age", "-r", repo.me.public, "-o", repo.root / "token.age", stdin=b"t\n")
    (root / "run/agenix.d/3").mkdir(parents=True)
    (root / "run/agenix.d/3/token").write_bytes(b"t\n")
    (root / "run/agenix.d/3/token").chmod(0o400)
    (root / "run/agenix").symlink_to("agenix.d/3")
    told = await proofs(repo, root, await declaration(flake(repo, "{ }"), "aged"))
    assert [each.standing for each in told.proofs] == [Standing.PROVEN] and told.generations == {
        "sops": "7",
        "agenix": "3",
    }


async def test_a_deploy_is_told_what_stands_in_its_way_and_what_would_change(repo: Repo, root: Path) -> None:
    repo.encrypt("secrets.yaml", PLAIN, to=f"{repo.me.public},{ssh_to_age(public(root))}")
    fleet = flake(repo, '{ api = { restartUnits = [ "api.service" ]; }; "db/password" = { }; }')
    repository = await look_around(repo.root, fleet.environ)
    told = list[str]()
    origins = {"web": Origin("nixosConfigurations", "web"), "broken": Origin("nixosConfigurations", "broken")}
    check = SecretsCheck(fleet, origins, repository, await repo.runner(), told.append)
    assert await check.object_to(transport(root)) is None
    install(root, {"db/password": "hunter2"})
    if user_is_root():
        assert await check.foresee(transport(root)) == "secrets: api change; restarts api.service"
    broken = LocalTransport(Host(name="broken", address="x"), "dash", {"NIXTUI_ROOT": str(root)})
    assert await check.object_to(broken) is None and await check.prove(broken) is None
    (said,) = told
    assert said.startswith("broken: its secrets are not checked: the secrets of broken cannot be evaluated")
    stranger = LocalTransport(Host(name="stranger", address="x"), "dash", {"NIXTUI_ROOT": str(root)})
    assert await check.foresee(stranger) is None
    fleet = flake(repo, "{ nope = { }; more = { }; another = { }; last = { }; }")
    check = SecretsCheck(fleet, origins, repository, await repo.runner(), told.append)
    objection = await check.object_to(transport(root))
    assert objection is not None and objection.why.startswith(
        "secret another: another is not in the file: secrets.yaml;"
    )
    assert objection.why.endswith("; and 1 more") and objection.remedy == "nixtui secrets set secrets.yaml another"


async def test_numbers_of_owners_count_as_well(repo: Repo, root: Path) -> None:
    repo.encrypt("secrets.yaml", PLAIN)
    install(root, {"api": "key"})
    mine = run("id", "-u").decode().strip(), run("id", "-g").decode().strip()
    declared = await declaration(flake(repo, f"{{ api = {{ uid = {mine[0]}; gid = {mine[1]}; }}; }}"), "web")
    assert (await proofs(repo, root, declared)).proofs[0].standing is Standing.PROVEN
    declared = await declaration(flake(repo, f"{{ api = {{ uid = {mine[0]}; gid = 4711; }}; }}"), "web")
    assert (await proofs(repo, root, declared)).proofs[0].standing is Standing.OWNER


async def test_without_a_key_nobody_says_that_nothing_changes(repo: Repo, root: Path) -> None:
    repo.encrypt("secrets.yaml", PLAIN)
    install(root, {"api": "key"})
    owner = f"uid = {run('id', '-u').decode().strip()}; gid = {run('id', '-g').decode().strip()};"
    fleet = flake(repo, f"{{ api = {{ {owner} }}; }}")
    repository, runner = await look_around(repo.root, fleet.environ), await repo.runner(SOPS_AGE_KEY_FILE="")
    check = SecretsCheck(fleet, {"web": Origin("nixosConfigurations", "web")}, repository, runner, print)
    assert await check.foresee(transport(root)) == (
        "secrets: whether api change is not known, as none of your keys tells"
    )


def user_is_root() -> bool:
    """What belongs to root only root can have laid out."""
    return run("id", "-u").decode().strip() == "0"


@pytest.mark.parametrize("shell", SHELLS)
async def test_paths_are_words_and_never_a_program(root: Path, shell: str) -> None:
    name = "/run/a b'$(touch owned)`id`;\"*"
    file = root / name.removeprefix("/")
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\0binary\n")
    found = await look_at_secrets(transport(root, shell), [name, "/run", "/nope", "-n"], ["/etc/ssh/x y"], key="k" * 64)
    there = found.files[name]
    assert there is not None and there.mark == mark_of("k" * 64, b"\0binary\n")
    assert [found.files[each] for each in ("/run", "/nope", "-n")] == [None, None, None]
    assert not (root / "owned").exists() and found.public_keys == ()
    assert (await look_at_secrets(transport(root, shell), [name])).files[name].mark is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "said", ["", "end\n", "file 400 root root 0 0 -\n", "missing\nmissing\nend\n", "file x y z 0 0 w\nend\n"]
)
def test_half_an_answer_is_none(said: str) -> None:
    with pytest.raises(BadAnswer, match="could not say which secrets"):
        parse_secrets("web", Completed(0, said, ""), ["/run/secrets/a"])


def test_verify_without_a_flake_is_a_sentence(repo: Repo) -> None:
    from tests.secrets.test_command import secrets

    (repo.root / "nixtui.toml").write_text('[fleet]\nsources = ["file"]\n[hosts.web]\n')
    done = secrets(repo, "verify", "--host", "web")
    assert done.returncode == 2 and "there is no flake.nix" in done.stderr, done.stderr
