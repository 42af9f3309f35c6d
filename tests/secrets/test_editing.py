"""Changes of sops files: what was asked for and nothing else, in every format; plain sops agrees."""

import json
import os
import random
import re
from pathlib import Path
from typing import Any

import pytest

from nixtui.secrets.document import ENCRYPTED, read_document
from nixtui.secrets.edit import Drop, Edit, Put
from nixtui.secrets.editing import reveal, save, undo
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.secret import Secret
from tests.secrets.conftest import Repo

ROUNDS = int(os.environ.get("NIXTUI_SECRETS_ROUNDS", "6"))
"""Documents of each format; thousands take a while."""

YAML = """\
# the database
db:
    # of the shop
    password: hunter2
    user: shop
    port: 5432
tokens:
    - same
    - same
    - other
empty: ""
nothing: null
"""


def lines_changed(before: bytes, after: bytes) -> int:
    return sum(was != now for was, now in zip(before.splitlines(), after.splitlines(), strict=True))


async def test_one_value_changes_and_only_its_ciphertext(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", YAML)
    runner = await repo.runner()
    change = await save(runner, path, "a.yaml", [Put(("db", "password"), Secret('new "one"\n'))])
    assert repo.plain(path)["db"]["password"] == 'new "one"\n'
    assert lines_changed(change.before, change.after) in (2, 3)  # the value, mac, and lastmodified in seconds
    assert (await reveal(runner, path, "a.yaml", ("db", "password"))).text() == 'new "one"\n'


async def test_equal_values_of_a_list_do_not_become_equal_ciphertext(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", YAML)
    await save(await repo.runner(), path, "a.yaml", [Put(("db", "user"), Secret("x"))])
    first, second, _ = (leaf.stored for leaf in read_document(path.read_bytes(), "a.yaml").below(("tokens",)))
    assert first != second
    assert repo.plain(path)["tokens"] == ["same", "same", "other"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tokens", ["same", "other"]),
        ("tokens", ["new", "same", "other", "and one", {"name": "x", "list": [1, [2]]}]),
        ("tokens", ["b", ["a"]]),
        ("created", ["one", ["two", {"three": 3}]]),
        ("db", ["a list now"]),
        ("empty", ["a list now"]),
    ],
)
async def test_a_list_is_set_place_by_place(repo: Repo, key: str, value: list[Any]) -> None:
    path = repo.encrypt("a.yaml", YAML)
    before = repo.plain(path)
    edit = Put((key,), Secret(json.dumps(value)), typed=True)
    change = await save(await repo.runner(), path, "a.yaml", [edit], allowed=("type", "replace"))
    assert repo.plain(path) == {**before, key: value}
    if value[0] == "same":
        old, new = (read_document(each, "a.yaml").below(("tokens", 0)) for each in (change.before, change.after))
        assert old == new


@pytest.mark.parametrize("value", ["[ ]", "[\n[1], 2]"])
async def test_lists_that_sops_cannot_set_are_refused_before_it_is_asked(repo: Repo, value: str) -> None:
    path = repo.encrypt("a.yaml", YAML)
    with pytest.raises(SecretsError, match="cannot set tokens to a list that is empty or begins with another"):
        edit = Put(("tokens",), Secret(value), typed=True)
        await save(await repo.runner(), path, "a.yaml", [edit], allowed=("type", "replace"))


@pytest.mark.parametrize("indent", [1, 2, 3, 4, 6, 8])
async def test_the_indentation_stays(repo: Repo, indent: int) -> None:
    path = repo.root / "a.yaml"
    path.write_text(YAML)
    (repo.root / "stores.yaml").write_text(f"stores:\n  yaml:\n    indent: {indent}\n")
    repo.sops("--config", "stores.yaml", "encrypt", "--age", repo.me.public, "-i", str(path))
    change = await save(await repo.runner(), path, "a.yaml", [Put(("db", "user"), Secret("x"))])
    assert lines_changed(change.before, change.after) in (2, 3)


async def test_several_edits_are_one_change_and_undo_puts_the_bytes_back(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", YAML)
    edits = [Put(("db", "password"), Secret("p")), Drop(("db", "user")), Put(("new", "key"), Secret("k"))]
    change = await save(await repo.runner(), path, "a.yaml", edits)
    plain = repo.plain(path)
    assert plain["db"] == {"password": "p", "port": 5432} and plain["new"] == {"key": "k"}
    await undo(change)
    assert path.read_bytes() == change.before
    path.write_bytes(change.after + b"\n")
    with pytest.raises(SecretsError, match="was changed after"):
        await undo(change)


async def test_nothing_of_a_change_is_kept_when_its_last_edit_fails(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", YAML)
    before = path.read_bytes()
    edits: list[Edit] = [Put(("db", "password"), Secret("p")), Put(("db", "port"), Secret("1e999"), typed=True)]
    with pytest.raises(SecretsError):
        await save(await repo.runner(), path, "a.yaml", edits, allowed=("type",))
    assert path.read_bytes() == before
    assert [each.name for each in repo.root.iterdir() if each.name.startswith(".nixtui")] == []


async def test_a_file_that_is_not_the_one_looked_at_is_not_changed(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", YAML)
    with pytest.raises(SecretsError) as caught:
        await save(await repo.runner(), path, "a.yaml", [Put(("x",), Secret("y"))], seen="another")
    assert caught.value.trouble is Trouble.CHANGED


async def test_mode_and_symbolic_link_stay(repo: Repo) -> None:
    path = repo.encrypt("deep/a.yaml", YAML)
    path.chmod(0o640)
    link = repo.root / "link.yaml"
    link.symlink_to("deep/a.yaml")
    await save(await repo.runner(), link, "link.yaml", [Put(("x",), Secret("y"))])
    assert link.is_symlink() and path.stat().st_mode & 0o777 == 0o640 and repo.plain(path)["x"] == "y"


async def test_binary_files_are_shown_as_they_are(repo: Repo) -> None:
    path = repo.encrypt("key.bin", b"\x00\xffkey")
    runner = await repo.runner()
    assert (await reveal(runner, path, "key.bin", ("data",))).reveal() == b"\x00\xffkey"
    await save(runner, path, "key.bin", [Put(("data",), Secret("text"))])
    assert repo.sops("decrypt", str(path)) == b"text"


class Model:
    """A random document, and what it should be after random edits."""

    def __init__(self, chance: random.Random, written: str) -> None:
        self.chance, self.written = chance, written
        sections = {self._name(n): {self._name(m): self._text() for m in range(3)} for n in range(3)}
        self.tree: dict[str, Any] = sections
        if written == "dotenv":
            self.tree = {self._name(n).upper(): self._text() for n in range(6)}
        if written == "ini":
            self.tree = {"DEFAULT": {}, **self.tree}  # sops has it always
        if written in ("yaml", "json"):
            self.tree |= {"list": ["a", "a", self._text()], "number": 42, "yes": True, "none": None}

    def _name(self, number: int) -> str:
        return self.chance.choice(("key", "a.b", "x-y", "under_score", "no", "a1")).replace(
            ".", "." if self.written in ("yaml", "json") else "_"
        ).replace("-", "-" if self.written != "dotenv" else "_") + str(number)

    def _text(self) -> str:
        signs = "abcXYZ019 :#{}[]'\"\\$=äß€" if self.written in ("yaml", "json") else "abcXYZ019_-."
        more = "\n\t" if self.written in ("yaml", "json") else ""
        return "".join(self.chance.choice(signs + more) for _ in range(self.chance.randint(1, 30)))

    def plain(self) -> str:
        match self.written:
            case "json" | "yaml":
                return json.dumps(self.tree)
            case "dotenv":
                return "# a comment\n" + "".join(f"{name}={value}\n" for name, value in self.tree.items())
            case _:
                return "".join(
                    f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in section.items())
                    for name, section in self.tree.items()
                    if section
                )

    def edit(self) -> Edit:
        """A random edit, made here as well."""
        if self.written == "dotenv":
            path: tuple[str | int, ...] = (self.chance.choice([*self.tree, "NEW"]),)
        elif "list" in self.tree and self.chance.random() < 0.2:
            path = ("list", self.chance.randrange(len(self.tree["list"])))
        else:
            section = self.chance.choice(
                [name for name, below in self.tree.items() if isinstance(below, dict) and below]
            )
            path = (section, self.chance.choice([*self.tree[section], "new"]))
        node = self.tree
        for part in path[:-1]:
            node = node[part]  # type: ignore[index]
        last: Any = path[-1]
        there = last in node if isinstance(node, dict) else True
        if there and len(node) > 2 and self.chance.random() < 0.3:
            del node[last]
            return Drop(path)
        node[last] = self._text()
        return Put(path, Secret(node[last]))


@pytest.mark.parametrize(("written", "ending"), [("yaml", "yaml"), ("json", "json"), ("dotenv", "env"), ("ini", "ini")])
@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_random_documents_and_edits(repo: Repo, written: str, ending: str, seed: int) -> None:
    """After each change the others' ciphertext is unchanged, plain sops agrees with the model, and order is kept."""
    model = Model(random.Random(f"{seed} {written}"), written)  # noqa: S311
    path = repo.encrypt(f"a.{ending}", model.plain())
    runner = await repo.runner()
    assert repo.plain(path) == model.tree
    for _ in range(5):
        edit = model.edit()
        change = await save(runner, path, path.name, [edit])
        assert repo.plain(path) == model.tree
        assert list(repo.plain(path)) == list(model.tree)
        assert untouched(change.before, path, edit) == untouched(change.after, path, edit)


def untouched(content: bytes, path: Path, edit: Edit) -> list[str]:
    """Ciphertext of everything but the edit, in order; comments too."""
    document = read_document(content, path.name)
    edited = document.below(edit.path)
    if isinstance(edit, Drop) and isinstance(edit.path[-1], int):  # all but one of the list, and which is told above
        edited = document.below(edit.path[:-1])
    tokens = [found[0] for found in ENCRYPTED.finditer(re.sub(r"mac.*ENC\[.*", "", content.decode()))]
    for leaf in edited:
        if leaf.encrypted:
            tokens.remove(leaf.stored)  # once: what becomes equal to another value of its list has its ciphertext
    return tokens


async def test_a_value_that_becomes_equal_to_another_of_its_list_touches_nothing_else(repo: Repo) -> None:
    """sops gives both the same ciphertext, as it remembers vectors by plaintext; the others keep theirs."""
    path = repo.encrypt("a.yaml", YAML)
    edit = Put(("tokens", 2), Secret("same"))
    change = await save(await repo.runner(), path, "a.yaml", [edit])
    assert repo.plain(path)["tokens"] == ["same"] * 3
    assert untouched(change.before, path, edit) == untouched(change.after, path, edit)
