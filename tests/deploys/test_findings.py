"""What one decides a deploy by: the commits that it brings, and those that it takes back."""

from nixtui.deploys.findings import findings
from nixtui.deploys.preflight import Candidate
from nixtui.model.commit import Commit, CommitRange
from nixtui.model.host import Host

A, B = "a" * 40, "b" * 40


def told(**more: object) -> list[str]:
    commits = CommitRange(before=A, after=B, **more)  # type: ignore[arg-type]  # whatever a test says
    return findings(Candidate(host=Host(name="h1", address="h1"), commits=commits))


def commits(count: int) -> tuple[Commit, ...]:
    return tuple(Commit(revision=f"{number:040x}", subject=f"change {number}") for number in range(count))


def test_commits_are_told_by_name_those_that_go_first() -> None:
    lines = told(added=commits(1), undone=commits(2))
    assert lines[0] == "commits: 1 added, 2 undone"
    assert [each.split()[0] for each in lines[1:]] == ["−", "−", "+"]
    assert lines[-1].endswith("change 0")


def test_many_are_cut_and_their_number_is_not_hidden() -> None:
    lines = told(added=commits(30), more=True)
    assert lines[0] == "commits: 30+ added, 0 undone"
    assert lines[-1] == "  + and more, 30+ in all: git log"


def test_the_same_commit_changes_that_are_not_committed_and_what_is_not_known() -> None:
    assert told() == ["commits: the same"]
    dirty = findings(Candidate(host=Host(name="h1", address="h1"), commits=CommitRange(before=A, after=B, dirty=(B,))))
    assert dirty == ["commits: the same, with changes that are not committed"]
    assert told(unknown="git is not installed here") == ["commits: not known, git is not installed here"]
