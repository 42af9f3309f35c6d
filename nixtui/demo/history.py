"""What the demo's configuration repository went through: ten states that were deployed, one that was not yet, and the
packages that each one brought.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from random import Random
from typing import Final

from nixtui.demo.repository import SUBJECTS, Repository
from nixtui.demo.secrets import committed

DAY_S: Final = 86_400.0
MINUTE_S: Final = 60.0

DEPLOYED_DAYS_AGO: Final = (94.0, 73.0, 58.0, 45.0, 31.0, 24.0, 17.0, 12.0, 8.0, 9.7 / 1440)
"""When each commit reached production, to some hours; the last one nine minutes ago, which the demo is about."""

_DEPLOYED_AFTER_S: Final = 4 * MINUTE_S
"""How long after its commit a state of the configuration is rolled out."""

_COMMITTED_AGO_S: Final = 2 * MINUTE_S
"""How old the commit is that repairs what the last one broke."""

_OTHER_NIXPKGS: Final = frozenset({0, 1, 2, 3, 4, 6, 7, 9})
"""The commits that also updated nixpkgs: the others have the NixOS version of the one before."""

_RELEASE_UPGRADE: Final = 3
"""The commit that went from one NixOS release to the next."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package in one version, with its NAR size."""

    name: str
    version: str
    kib: int

    @property
    def title(self) -> str:
        """How its store path is named."""
        return f"{self.name}-{self.version}" if self.version else self.name


@dataclass(frozen=True, slots=True)
class Commit:
    """One state of the configuration. `deployed_at` is Unix seconds; `number` counts from 0."""

    number: int
    deployed_at: float
    revision: str
    nixos_version: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A package of `packages.txt`, with the commit that each of its versions came with."""

    role: str
    name: str
    kib: int
    versions: tuple[tuple[int, str], ...]

    def at(self, commit: int) -> Package:
        here = [version for since, version in self.versions if since <= commit]
        # software grows
        return Package(self.name, here[-1], self.kib + self.kib * len(here) // 150)


class History:
    """The commits and their packages. The same seed and the same `now` (Unix seconds) give the same history."""

    def __init__(self, seed: int, now: float) -> None:
        random = Random(f"{seed}/history")  # noqa: S311 - a demo's numbers protect nothing
        self.repository = Repository()
        self.commits = tuple(_commits(random, now, self.repository))
        last = self.commits[-1]
        revision = self.repository.commit(SUBJECTS[last.number + 1], now - _COMMITTED_AGO_S)
        self.next = Commit(last.number + 1, now, revision, last.nixos_version)
        """The commit that is deployed nowhere: what the flake has now."""
        self._lines = tuple(_lines(random))

    def packages(self, role: str, commit: int) -> list[Package]:
        """What a host of that role has installed at a commit."""
        return [line.at(commit) for line in self._lines if line.role in ("all", role)]


def _commits(random: Random, now: float, repository: Repository) -> Sequence[Commit]:
    commits: list[Commit] = []
    for number, days in enumerate(DEPLOYED_DAYS_AGO):
        deployed_at = now - days * DAY_S - (random.uniform(0, 9 * 60 * MINUTE_S) if days >= 1 else 0)
        if number in _OTHER_NIXPKGS:
            built = datetime.fromtimestamp(deployed_at, UTC).date() - timedelta(days=random.choice((1, 2, 2, 3)))
            version = f"{_release(built, number)}.{built:%Y%m%d}.{_revision(random)[:7]}"
        repository.more.update(committed(number))
        revision = repository.commit(SUBJECTS[number], deployed_at - _DEPLOYED_AFTER_S)
        commits.append(Commit(number, deployed_at, revision, version))
    return commits


def _release(built: date, commit: int) -> str:
    """NixOS comes out at the end of May and of November; before the upgrade the demo is one release behind."""
    halves = built.year * 2 + (built.month - 6) // 6 - (commit < _RELEASE_UPGRADE)
    return f"{halves // 2 % 100:02d}.{'11' if halves % 2 else '05'}"


def _revision(random: Random) -> str:
    return f"{random.getrandbits(160):040x}"


def _lines(random: Random) -> Sequence[_Line]:
    lines: list[_Line] = []
    role = ""
    for text in files(__package__).joinpath("packages.txt").read_text(encoding="utf-8").splitlines():
        if text.startswith("["):
            role = text.strip("[]")
        elif text and not text.startswith("#"):
            name, kib, *versions = text.split()
            lines.append(_Line(role, name, int(kib), _dated(random, versions or [""])))
    return lines


def _dated(random: Random, versions: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """A version without a commit comes with any nixpkgs update, in order."""
    undated = sum("@" not in version for version in versions[1:])
    drawn = iter(sorted(random.sample(sorted(_OTHER_NIXPKGS - {0}), undated)))
    dated = [(0, versions[0])]
    for version in versions[1:]:
        name, _, fixed = version.partition("@")
        dated.append((int(fixed) if fixed else next(drawn), name))
    return tuple(dated)
