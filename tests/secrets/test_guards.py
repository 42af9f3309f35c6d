"""Traps that sops lets one walk into are objections before anything is written; each was seen to do harm."""

import pytest

from nixtui.secrets.document import read_document
from nixtui.secrets.edit import Draft, Drop, Edit, Put
from nixtui.secrets.editing import save
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.guards import objections
from nixtui.secrets.secret import Secret
from tests.secrets.conftest import Repo

PLAIN = "db:\n    password: p\nlist:\n    - a\nclear_unencrypted: x\n"
V = Secret("v")


@pytest.mark.parametrize(
    ("edit", "code", "said"),
    [
        (Put(("sops",), V), None, "the file would be lost"),
        (Put(("sops", "age"), V), None, "the file would be lost"),
        (Put(("a[b",), V), None, "cannot address a key with ["),
        (Put(("a\"b'c",), V), None, "both kinds of quotes"),
        (Put(("db", "password", "deeper"), V), None, "sops would replace it"),
        (Put(("list", "name"), V), None, "is a list, whose places are numbers"),
        (Put(("db", 0), V), None, "is a map, which has names"),
        (Put(("list", 7), V), None, "has 1 places"),
        (Put(("db",), V), "replace", "all of it would be replaced"),
        (Put(("a/b",), V), "slash", "sops-nix cannot reach"),
        (Put(("new_unencrypted",), V), "plaintext", "stored in plaintext"),
        (Put(("n",), Secret("42"), typed=True), "type", "refuses n when the host activates"),
        (Put(("n",), Secret("9007199254740993"), typed=True), "type", "refuses n"),
        (Put(("n",), Secret("{"), typed=True), None, "not valid JSON"),
        (Put(("n",), Secret(b"\xff")), None, "not UTF-8"),
    ],
)
async def test_each_has_its_objection(repo: Repo, edit: Edit, code: str | None, said: str) -> None:
    path = repo.encrypt("a.yaml", PLAIN)
    before = path.read_bytes()
    first = objections(read_document(before, "a.yaml"), [edit])[0]
    assert first.code == code and said in first.reason
    with pytest.raises(SecretsError) as caught:
        await save(await repo.runner(), path, "a.yaml", [edit])
    assert caught.value.trouble is Trouble.GUARDED and path.read_bytes() == before


def test_large_integers_cannot_be_allowed() -> None:
    from nixtui.secrets.guards import _typed

    assert [each.code for each in _typed(Put(("n",), Secret("9007199254740993"), typed=True), "n")] == ["type", None]
    assert [each.code for each in _typed(Put(("n",), Secret("9007199254740992"), typed=True), "n")] == ["type"]


async def test_what_is_allowed_is_done(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", PLAIN, "--encrypted-regex", "^db$")
    edits = [Put(("port",), Secret("42"), typed=True)]
    with pytest.raises(SecretsError, match="plaintext"):
        await save(await repo.runner(), path, "a.yaml", edits, allowed=("type",))
    await save(await repo.runner(), path, "a.yaml", edits, allowed=("type", "plaintext"))
    assert repo.plain(path)["port"] == 42 and b"port: 42" in path.read_bytes()


async def test_files_of_several_documents_are_left_alone(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", "a: b\n---\nc: d\n")
    with pytest.raises(SecretsError, match="2 YAML documents"):
        await save(await repo.runner(), path, "a.yaml", [Put(("a",), V)])


async def test_a_key_that_is_not_there_is_not_dropped(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", PLAIN)
    with pytest.raises(SecretsError, match="no key nope"):
        await save(await repo.runner(), path, "a.yaml", [Drop(("nope",))])


@pytest.mark.parametrize(("name", "path"), [("a.env", ("A", "b")), ("a.ini", ("s",)), ("a.env", ("sops_mac",))])
async def test_formats_without_depth(repo: Repo, name: str, path: tuple[str, ...]) -> None:
    file = repo.encrypt(name, "A=b\n" if name.endswith("env") else "[s]\nk = v\n")
    with pytest.raises(SecretsError) as caught:
        await save(await repo.runner(), file, name, [Put(path, V)])
    assert caught.value.trouble is Trouble.GUARDED


def test_edits_of_a_draft_are_taken_back_and_made_again() -> None:
    draft = Draft()
    draft.add(Put(("a",), V))
    draft.add(Drop(("b",)))
    assert draft.undo() == Drop(("b",)) and len(draft.edits) == 1
    assert draft.redo() == Drop(("b",)) and len(draft.edits) == 2
    draft.undo()
    draft.add(Drop(("c",)))
    assert draft.redo() is None and [each.path for each in draft.edits] == [("a",), ("c",)]
