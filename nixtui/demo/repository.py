"""The git repository that the demo's systems are built from, written object by object: no git is needed for that.

https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import Final

SUBJECTS: Final[Sequence[Sequence[str]]] = (
    ("import the fleet", "sshd: keys only"),
    ("flake.lock: update", "openssl 3.5.2", "db: pgbackrest every four hours"),
    ("kernel 6.12.46", "cache: varnish in front of the shop"),
    ("NixOS 26.05", "systemd 258: drop legacy cgroups", "web: renew certificates with lego"),
    ("kernel 6.12.51", "curl 8.16"),
    ("cache: redis persists once a minute", "docs: who is on call"),
    ("glibc 2.40-142", "systemd 258.2", "build: two more jobs at once"),
    ("kernel 6.12.58", "db: statement_timeout 30 s"),
    ("web: longer keepalive",),
    ("bump openssl", "shop-api 2.38: new basket", "nginx: http3"),
    ("nginx: no http3 until 1.29.4", "shop-api 2.38.1, vector 0.51.2, varnish 8", "node-exporter 1.10.3"),
)
"""What was committed for each state of the fleet, oldest first. The last one is deployed nowhere yet."""

_AUTHORS: Final = ("Mara <mara@shop.example>", "Ben <ben@shop.example>", "Yuki <yuki@shop.example>")
_APART_S: Final = 47 * 60
_FLAKE: Final = '{\n  description = "The hosts of a shop";\n  outputs = _: { };\n}\n'


@dataclass(slots=True)
class Repository:
    """Commits in one line of history. `objects` are by id, as git keeps them before compression; `more` are the files
    that the next commit has beside those of the fleet, by path.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    more: dict[str, bytes] = field(default_factory=dict)
    head: str | None = None
    _log: list[str] = field(default_factory=list)

    def commit(self, subjects: Sequence[str], at: float) -> str:
        """Some commits, the last one at a time (Unix seconds); returns its id."""
        for left, subject in zip(reversed(range(len(subjects))), subjects, strict=True):
            self._commit(subject, int(at) - left * _APART_S)
        assert self.head is not None, "nothing was committed"
        return self.head

    def _commit(self, subject: str, at: int) -> None:
        self._log.append(f"# {subject}\n")
        fleet = "".join(self._log) + "{ }\n"
        tree = self._tree({**self.more, "fleet.nix": fleet.encode(), "flake.nix": _FLAKE.encode()})
        parent = f"parent {self.head}\n" if self.head else ""
        who = f"{_AUTHORS[len(self._log) % len(_AUTHORS)]} {at} +0000"
        text = f"tree {tree}\n{parent}author {who}\ncommitter {who}\n\n{subject}\n"
        self.head = self._add("commit", text.encode())

    def _tree(self, files: Mapping[str, bytes]) -> str:
        """A folder, and those in it; git orders folders as if their names ended with a slash."""
        folders: dict[str, dict[str, bytes]] = {}
        entries: list[tuple[str, str, str]] = []
        for path, content in files.items():
            name, slash, rest = path.partition("/")
            if slash:
                folders.setdefault(name, {})[rest] = content
            else:
                entries.append((name, "100644", self._add("blob", content)))
        entries += [(f"{name}/", "40000", self._tree(below)) for name, below in folders.items()]
        written = (
            f"{mode} {name.rstrip('/')}\0".encode() + bytes.fromhex(each) for name, mode, each in sorted(entries)
        )
        return self._add("tree", b"".join(written))

    def _add(self, kind: str, content: bytes) -> str:
        whole = f"{kind} {len(content)}\0".encode() + content
        identity = sha1(whole, usedforsecurity=False).hexdigest()
        self.objects[identity] = whole
        return identity

    def write(self, folder: Path) -> None:
        """Make it a repository on disk, with the files of its last commit."""
        git = folder / ".git"
        (git / "refs/heads").mkdir(parents=True)
        (git / "HEAD").write_text("ref: refs/heads/main\n")
        (git / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n")
        (git / "refs/heads/main").write_text(f"{self.head}\n")
        for identity, whole in self.objects.items():
            file = git / "objects" / identity[:2] / identity[2:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(zlib.compress(whole, 1))
        (folder / "flake.nix").write_text(_FLAKE)
        (folder / "fleet.nix").write_text("".join(self._log) + "{ }\n")
