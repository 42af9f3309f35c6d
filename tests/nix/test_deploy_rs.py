"""The schema of deploy-rs in full. Asked from a real Nix."""

from pathlib import Path

from nixtui.nix.deploy_rs import DeployProfile, DeployTarget, deploy_targets
from nixtui.nix.errors import NixBadAnswer, NixError
from tests.nix.flakes import flake

NEVER = 'throw "a system was evaluated"'


async def test_a_profile_wins_over_its_node_and_that_over_all(tmp_path: Path) -> None:
    outputs = f"""{{ deploy = {{
        sshUser = "top"; user = "root"; sshOpts = [ "-p" "1" ]; confirmTimeout = 1; activationTimeout = 10;
        sudo = "doas -u"; tempPath = "/top"; autoRollback = false; fastConnection = true;
        nodes.a = {{
            hostname = "a.example"; sshOpts = [ "-p" "2" ]; confirmTimeout = 2; magicRollback = false;
            profilesOrder = [ "system" "home" ];
            profiles = {{
                home = {{ path = {NEVER}; user = "ann"; profilePath = "/p"; confirmTimeout = 3; autoRollback = true; }};
                extra = {{ path = {NEVER}; }};
                system = {{
                    path = {NEVER}; sshOpts = [ "-p" "3" ]; sshUser = "me"; remoteBuild = true;
                    interactiveSudo = true; fastConnection = false; activationTimeout = 30; tempPath = "/mine";
                }};
            }};
        }};
    }}; }}"""
    answers = await deploy_targets(flake(tmp_path, outputs), ["a"])
    common = {"sudo": "doas -u", "magic_rollback": False}
    assert answers == {
        "a": DeployTarget(
            name="a",
            hostname="a.example",
            profiles=(
                DeployProfile(
                    name="system",
                    ssh_user="me",
                    user="root",
                    ssh_opts=("-p", "3", "-p", "2", "-p", "1"),
                    confirm_timeout=2,
                    activation_timeout=30,
                    auto_rollback=False,
                    remote_build=True,
                    interactive_sudo=True,
                    temp_path="/mine",
                    **common,
                ),
                DeployProfile(
                    name="home",
                    ssh_user="top",
                    user="ann",
                    profile_path="/p",
                    ssh_opts=("-p", "2", "-p", "1"),
                    confirm_timeout=3,
                    activation_timeout=10,
                    fast_connection=True,
                    temp_path="/top",
                    **common,
                ),
                DeployProfile(
                    name="extra",
                    ssh_user="top",
                    user="root",
                    ssh_opts=("-p", "2", "-p", "1"),
                    confirm_timeout=2,
                    activation_timeout=10,
                    auto_rollback=False,
                    fast_connection=True,
                    temp_path="/top",
                    **common,
                ),
            ),
        )
    }


async def test_the_defaults_are_those_of_deploy_rs(tmp_path: Path) -> None:
    outputs = f'{{ deploy.nodes.a = {{ hostname = "a"; profiles.system.path = {NEVER}; }}; }}'
    answers = await deploy_targets(flake(tmp_path, outputs), ["a"])
    assert isinstance(answers["a"], DeployTarget)
    (profile,) = answers["a"].profiles
    assert (profile.auto_rollback, profile.magic_rollback) == (True, True)
    assert (profile.confirm_timeout, profile.activation_timeout, profile.temp_path) == (None, None, "/tmp")  # noqa: S108 - a default, nothing is written there
    assert (profile.fast_connection, profile.remote_build, profile.interactive_sudo) == (False, False, False)
    assert profile.owner is None


def test_where_a_profile_is() -> None:
    def path(**said: str) -> str | None:
        return DeployProfile(**said).fixed_path  # type: ignore[arg-type]  # only texts are said here

    assert path(name="system", ssh_user="root") == "/nix/var/nix/profiles/system"
    assert path(name="web", user="root", ssh_user="me") == "/nix/var/nix/profiles/per-user/root/web"
    assert path(name="home", user="ann") is None
    assert path(name="home", user="ann", profile_path="/x") == "/x"


def test_who_needs_sudo_and_which() -> None:
    assert not DeployProfile(name="system", ssh_user="root", user="root").needs_sudo
    assert DeployProfile(name="system", ssh_user="me", user="root").needs_sudo
    assert DeployProfile(name="system").sudo_words == "sudo -u"
    assert DeployProfile(name="system", sudo="doas -u").sudo_words == "doas -u"
    assert DeployProfile(name="system", interactive_sudo=True).sudo_words == "sudo -S -p '' -u"


async def test_what_is_wrong_with_one_node_concerns_only_that(tmp_path: Path) -> None:
    outputs = """{ deploy.nodes = {
        a = { profiles = { }; }; b = { hostname = "b"; profilesOrder = [ "x" ]; profiles = { }; };
        c = { hostname = "c"; profiles.system.confirmTimeout = "soon"; }; d = { hostname = "d"; profiles = { }; };
    }; }"""
    answers = await deploy_targets(flake(tmp_path, outputs), ["a", "b", "c", "d"])
    assert answers["d"] == DeployTarget(name="d", hostname="d", profiles=())
    assert all(isinstance(answers[name], NixError) for name in "abc")
    assert isinstance(answers["b"], NixBadAnswer)
