"""A new secret file: encrypted in memory by its rule, and put where there was none. Plaintext is on no disk."""

import json
import os
import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path as FilePath
from typing import Any

import msgspec

from nixtui.secrets import agenix, rules
from nixtui.secrets.agenix import AgeRule, decrypt_age, encrypt_age, read_age_rules
from nixtui.secrets.document import Document, Format, read_document
from nixtui.secrets.edit import Put
from nixtui.secrets.editing import Change, check
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.process import Runner
from nixtui.secrets.rules import Rule, read_rules
from nixtui.secrets.safe_file import PREFIX, told
from nixtui.secrets.secret import Secret
from nixtui.secrets.values import units_of
from nixtui.secrets.work import opens


class NewFile(msgspec.Struct, frozen=True):
    """A file that is not there yet, with the rule that it will follow: one of the two."""

    path: FilePath
    name: str
    format: Format
    rule: Rule | None
    age_rule: AgeRule | None

    @property
    def document(self) -> Document:
        """It as it is before its first key: empty, with the rule's recipients and scope."""
        assert self.rule is not None
        return Document(
            format=self.format, leaves=(), groups=self.rule.groups, threshold=self.rule.threshold, scope=self.rule.scope
        )


async def new_file(root: FilePath, path: FilePath, environ: Mapping[str, str]) -> NewFile:
    """What a file at `path`, below `root`, would be. Raises `SecretsError` where no rule is for it."""
    name = str(path.relative_to(root)) if path.is_relative_to(root) else path.name
    above = [each for each in path.parents if each.is_relative_to(root)]
    written = Format.of(path.name)
    if written is Format.AGE:
        place = next((each / agenix.NAME for each in above if (each / agenix.NAME).is_file()), None)
        found = (await read_age_rules(place, environ)).rules.get(path) if place is not None else None
        if found is None:
            raise SecretsError(Trouble.NO_RULE, f"{name}: secrets.nix has no rule for it", "add its publicKeys there")
        return NewFile(path, name, written, None, found)
    ruled = next((each / rules.NAME for each in above if (each / rules.NAME).is_file()), None)
    rule = read_rules(ruled).rule_for(path) if ruled is not None else None
    if rule is None:
        raise SecretsError(
            Trouble.NO_RULE, f"{name}: no rule of .sops.yaml is for this file",
            "add a creation rule whose path_regex matches it",
        )  # fmt: skip
    return NewFile(path, name, written, rule, None)


async def create(runner: Runner, new: NewFile, edits: Sequence[Put], *, allowed: Collection[str] = ()) -> Change:
    """Encrypt the values by the file's rule and write it. Raises `SecretsError`, also where a file is there by now.

    A file that is one value (age, binary) takes the value of the first edit. What is written is decrypted first, where
    one of our keys can.
    """
    content = await (_age(runner, new, edits) if new.age_rule is not None else _sops(runner, new, edits, allowed))
    _put_new(new.path, new.name, content)
    return Change(new.path, new.name, b"", content)


def check_new(new: NewFile, edits: Sequence[Put], allowed: Collection[str] = ()) -> None:
    """Raise the first objection that nobody answered. A file that is one value may hold any bytes."""
    if new.rule is not None and new.format is not Format.BINARY:
        check(new.document, edits, new.name, allowed)


async def _age(runner: Runner, new: NewFile, edits: Sequence[Put]) -> bytes:
    assert new.age_rule is not None
    content = await encrypt_age(edits[0].value, new.age_rule, new.name)
    ours = any(each.identity in runner.identities.recipients for each in new.age_rule.recipients)
    if ours and await decrypt_age(runner.identities, content, new.name) != edits[0].value:
        raise SecretsError(Trouble.OTHER, f"{new.name}: what was encrypted does not decrypt; nothing was written")
    return content


async def _sops(runner: Runner, new: NewFile, edits: Sequence[Put], allowed: Collection[str]) -> bytes:
    assert new.rule is not None
    check_new(new, edits, allowed)
    whole = new.format is Format.BINARY
    plain = edits[0].value if whole else Secret(json.dumps(_tree(edits)))
    words = ["encrypt", "--filename-override", new.path.name]
    words += ["--input-type", "binary" if whole else "json", "--output-type", new.format.value]
    directory = new.path.parent if new.path.parent.is_dir() else FilePath("/")
    said = await runner.run(words, directory=directory, file=new.name, config=new.rule.config(), stdin=plain)
    content = said.reveal()
    document = read_document(content, new.name)
    mine = runner.identities.recipients
    if mine and opens(document.groups, document.threshold, mine):
        units = await units_of(runner, content, new.name, directory=directory)
        for edit in edits:
            unit = units.get(edit.path)
            if not edit.typed and (unit is None or unit.value != edit.value):
                raise SecretsError(
                    Trouble.OTHER, f"{new.name}: what was encrypted does not decrypt; nothing was written"
                )
    return content


def _tree(edits: Sequence[Put]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for edit in edits:
        node = root
        for part in edit.path[:-1]:
            node = node.setdefault(str(part), {})
        node[str(edit.path[-1])] = json.loads(edit.as_json().reveal())
    return root


def _put_new(path: FilePath, name: str, content: bytes) -> None:
    """The whole file at once, and never over another one."""
    copy = path.with_name(f"{PREFIX}{secrets.token_hex(4)}-{path.name}")
    with told(name):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with copy.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(copy, path)
        except FileExistsError as error:
            raise SecretsError(
                Trouble.CHANGED, f"{name}: somebody else has created the file meanwhile", "look at it, and set the key"
            ) from error
        finally:
            with suppress(OSError):
                copy.unlink()
