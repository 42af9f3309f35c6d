"""The commits and packages of a demo."""

from nixtui.demo.history import DAY_S, History
from nixtui.demo.store_path import store_path
from nixtui.model.closure import version_key
from nixtui.model.store_path import is_store_path, package_of

AUTUMN = 1_795_000_000.0  # 2026-11-18
ROLES = ("web", "db", "cache", "build")


def test_ten_commits_in_order_the_last_one_minutes_ago() -> None:
    commits = History(0, AUTUMN).commits
    moments = [commit.deployed_at for commit in commits]
    assert moments == sorted(moments)
    assert 8 * 60 < AUTUMN - moments[-1] < 10 * 60
    assert AUTUMN - moments[0] > 90 * DAY_S
    assert len({commit.revision for commit in commits}) == len(commits)


def test_versions_are_those_of_the_release_of_their_day() -> None:
    versions = [commit.nixos_version for commit in History(0, AUTUMN).commits]
    assert versions[-1].startswith("26.05.202611")
    assert versions[2].startswith("25.11."), "before the upgrade"
    assert versions[8] == versions[7], "a commit that left nixpkgs alone"


def test_packages_only_ever_get_newer() -> None:
    for seed in range(5):
        history = History(seed, AUTUMN)
        for role in ROLES:
            for commit in range(1, len(history.commits)):
                for old, new in zip(history.packages(role, commit - 1), history.packages(role, commit), strict=True):
                    assert old.name == new.name
                    assert version_key(old.version) <= version_key(new.version)


def test_every_commit_changes_something_for_everybody() -> None:
    history = History(3, AUTUMN)
    for role in ROLES:
        changed = {
            commit for commit in range(1, 10) if history.packages(role, commit) != history.packages(role, commit - 1)
        }
        assert changed >= {1, 2, 3, 4, 6, 7, 9}


def test_store_paths_are_real_ones() -> None:
    path = store_path("nginx-1.28.0", "because")
    assert is_store_path(path)
    assert (package_of(path).name, package_of(path).version) == ("nginx", "1.28.0")
    assert store_path("nginx-1.28.0") != path
