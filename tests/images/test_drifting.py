"""Whether the flake would build the same image today: at a glance by git and memory, exactly by evaluating."""

import subprocess
from pathlib import Path

import pytest

from nixtui.images.creating.recipe import TAG_FLAKE
from nixtui.images.drifting import compare, glance
from nixtui.images.foreseeing import foresee
from nixtui.images.registering import TAG_REVISION, TAG_STORE_PATH
from nixtui.model.image import Image
from nixtui.nix.evaluation_cache import EvaluationCache
from nixtui.nix.flake import Flake, open_flake
from tests.aws.fake_bin import FakeBin
from tests.cli.conftest import Shell
from tests.images.image_flake import write_image_flake
from tests.nix.systems_flake import nix_environ

OTHER = "/nix/store/00000000000000000000000000000000-nixos-image-web"


def git(where: Path, *words: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *words], cwd=where, check=True, capture_output=True, text=True).stdout.strip()


def commit(where: Path, subject: str) -> str:
    """One more, which changes nothing of any image."""
    (where / "README").write_text(subject)
    git(where, "add", "-A")
    git(where, "commit", "-qm", subject)
    return git(where, "rev-parse", "HEAD")


def repository(where: Path) -> str:
    """The flake as a repository; its first commit."""
    git(where, "init", "-q")
    return commit(where, "first")


class Counted(Flake):
    """A flake that says how often nix was asked to evaluate."""

    evaluated = 0

    async def _run(self, what, *, traced=False):
        type(self).evaluated += 1
        return await super()._run(what, traced=traced)


@pytest.fixture
def flake(tmp_path: Path) -> Flake:
    where = write_image_flake(tmp_path / "infra")
    repository(where)
    cache = EvaluationCache(tmp_path / "cache")
    Counted.evaluated = 0
    return Counted(".", directory=where, environ=nix_environ(tmp_path), cache=cache)


def image(path: str | None, revision: str | None, flake: str | None = "infra#web") -> Image:
    tags = {TAG_FLAKE: flake, TAG_STORE_PATH: path, TAG_REVISION: revision}
    return Image(
        identity="ami-1", name="web", region="r", state="available", store_path=path, revision=revision,
        tags={key: value for key, value in tags.items() if value},
    )  # fmt: skip


async def one(how, flake: Flake, wanted: Image):
    return (await how(flake, [wanted]))[wanted.key]


async def test_looking_counts_commits_and_evaluates_nothing(flake: Flake) -> None:
    first = git(flake.directory, "rev-parse", "HEAD")
    same = await one(glance, flake, image(OTHER, first))
    assert (same.state, same.short, same.certain, same.revision) == ("same", "= flake", False, first)
    for subject in ("second", "third", "fourth"):
        newest = commit(flake.directory, subject)
    behind = await one(glance, flake, image(OTHER, first))
    assert (behind.state, behind.short, behind.behind, behind.certain) == ("behind", "3 commits behind", 3, False)
    assert behind.sentence.startswith("3 commits behind, the newest: fourth; whether that changes the image")
    git(flake.directory, "checkout", "-q", first)
    ahead = await one(glance, flake, image(OTHER, newest))
    assert (ahead.state, ahead.short, ahead.ahead) == ("other", "3 commits ahead", 3)
    git(flake.directory, "checkout", "-q", "-b", "side")
    commit(flake.directory, "aside")
    assert (await one(glance, flake, image(OTHER, newest))).short == "1 behind, 3 ahead"
    assert Counted.evaluated == 0


async def test_what_was_evaluated_for_this_very_state_is_certain(flake: Flake) -> None:
    first = git(flake.directory, "rev-parse", "HEAD")
    there = (await foresee(flake, "web")).out
    before = Counted.evaluated
    same = await one(glance, flake, image(there, None))
    assert (same.short, same.certain, same.store_path) == ("= flake", True, there)
    other = await one(glance, flake, image(OTHER, first))
    assert (other.state, other.short, other.certain, other.store_path) == ("other", "other", True, there)
    commit(flake.directory, "second")  # another state: what is remembered is not of it
    assert (await one(glance, flake, image(there, first))).short == "1 commit behind"
    assert Counted.evaluated == before


async def test_comparing_evaluates_whatever_way_it_was_built(flake: Flake) -> None:
    first = git(flake.directory, "rev-parse", "HEAD")
    raw = (await foresee(flake, "web")).out
    as_configured = (await foresee(flake, "web", force_raw=False)).out
    attribute = (await foresee(flake, "#images.web")).out
    assert raw != as_configured
    commit(flake.directory, "second")
    for path, whence in ((raw, "web"), (as_configured, "web"), (attribute, "images.web")):
        same = await one(compare, flake, image(path, first, f"infra#{whence}"))
        assert (same.short, same.certain, same.behind, same.store_path) == ("= flake", True, 1, path), whence
    changed = await one(compare, flake, image(OTHER, first))
    assert (changed.state, changed.short, changed.certain) == ("behind", "1 commit behind", True)
    assert changed.sentence == f"the flake gives another image now; it is 1 commit behind: {raw}"
    # And looking remembers it from now on.
    assert (await one(glance, flake, image(raw, first))).certain


async def test_what_cannot_be_said_is_unknown_with_the_reason(flake: Flake) -> None:
    first = git(flake.directory, "rev-parse", "HEAD")

    async def why(wanted: Image, how=glance) -> str:
        told = await one(how, flake, wanted)
        assert (told.state, told.short, told.certain) == ("unknown", "unknown", False), told
        return told.sentence

    assert await why(image(None, None, None)) == "built from elsewhere, not from infra"
    assert await why(image(OTHER, "0" * 40, "shop#web")) == "built from elsewhere (shop), not from infra"
    assert await why(image(OTHER, "0" * 40)) == "revision 00000000 is not in the repository infra; an evaluation tells"
    assert await why(image(OTHER, None)) == "it does not say which commit it was built from; an evaluation tells"
    assert "changes that no commit has" in await why(image(OTHER, f"{first}-dirty"))
    assert "no image for db now" in await why(image(OTHER, first, "infra#db"), compare)
    assert "which host" in await why(image(OTHER, first, None), compare)
    (flake.directory / "README").write_text("not committed")
    assert "changes that no commit has" in await why(image(OTHER, first))


async def test_a_clone_by_another_name_is_known_by_its_commits(flake: Flake) -> None:
    first = git(flake.directory, "rev-parse", "HEAD")
    commit(flake.directory, "second")
    assert (await one(glance, flake, image(OTHER, first, "elsewhere#web"))).short == "1 commit behind"


async def test_a_flake_that_is_no_repository_is_not_copied_to_look(tmp_path: Path) -> None:
    where = write_image_flake(tmp_path / "infra")
    flake = open_flake(".", base=where, environ=nix_environ(tmp_path))
    told = await one(glance, flake, image(OTHER, "0" * 40))
    assert (told.state, told.revision) == ("unknown", None)


def test_the_list_says_it_and_against_evaluates(shell: Shell, account: FakeBin) -> None:
    write_image_flake(shell.directory)
    first = repository(shell.directory)
    commit(shell.directory, "second")
    shell.environ.update(nix_environ(shell.directory.parent))
    tags = {TAG_FLAKE: "fleet#web", TAG_STORE_PATH: OTHER, TAG_REVISION: first}
    account.an_image("web", **tags)
    account.an_image("foreign")
    found = {each["name"]: each["drift"] for each in shell.run("image", "list", "--json").json}
    assert found["foreign"]["detail"] == "built from elsewhere, not from fleet"
    web = found["web"]
    assert (web["state"], web["certain"], web["commits_behind"], web["flake_store_path"]) == ("behind", False, 1, None)
    assert "1 commit behind" in shell.run("image", "list").out
    exact = shell.run("image", "list", "--against", ".", "--json")
    (web,) = [each["drift"] for each in exact.json if each["name"] == "web"]
    assert (web["state"], web["certain"], web["commits_behind"]) == ("behind", True, 1), exact.err
    tags[TAG_STORE_PATH] = web["flake_store_path"]
    account.an_image("new", **tags)
    found = {each["name"]: each["drift"] for each in shell.run("image", "list", "--json").json}
    assert (found["new"]["state"], found["new"]["certain"]) == ("same", True)


def test_without_a_flake_nothing_is_said(shell: Shell, account: FakeBin) -> None:
    account.an_image("web")
    (told,) = shell.run("image", "list", "--json").json
    assert told["drift"] is None
