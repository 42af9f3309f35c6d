"""Changing who is named in a `secrets.nix`: a binding and a word in lists; Nix evaluates what came out, and only what
was meant is handed back.
"""

import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from nixtui.secrets.agenix import AgeRules, read_age_rules
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.safe_file import PREFIX

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*")


async def with_age_recipient(
    rules: AgeRules, text: str, files: Sequence[Path], name: str, identity: str, environ: Mapping[str, str]
) -> tuple[str, AgeRules]:
    """The text in which these files are also for a key, and what it means. Raises `SecretsError`."""
    after, word = _bound(rules, text, name, identity)
    for file in files:
        if not any(each.identity == identity for each in rules.rules[file].recipients):
            after = _named(rules.path, after, str(file.relative_to(rules.path.parent)), word)
    meant = {file: {identity} for file in files}
    return after, await _checked(rules, text, after, meant, environ, added=True)


async def without_age_recipient(
    rules: AgeRules, text: str, identities: Collection[str], environ: Mapping[str, str]
) -> tuple[str, AgeRules]:
    """The text that names none of these keys, and what it means. Raises `SecretsError`."""
    after = text
    for identity in identities:
        for name in [rules.names[identity]] if identity in rules.names else []:
            after = re.sub(rf'\n?[ \t]*\b{re.escape(name)}\s*=\s*"[^"]*"\s*;', "", after, count=1)
            after = re.sub(rf"(?<=[\[\s]){re.escape(name)}(?=[\]\s])[ \t]*", "", after)
        after = re.sub(rf'"{re.escape(identity)}[^"]*"[ \t]*', "", after)
    meant = {path: {each.identity for each in rule.recipients} & {*identities} for path, rule in rules.rules.items()}
    return after, await _checked(rules, text, after, meant, environ, added=False)


def _by_hand(path: Path) -> SecretsError:
    return SecretsError(
        Trouble.BAD_RULES, f"{path.name}: it is not written in a way that can be changed safely",
        "edit it by hand, then nixtui secrets rekey",
    )  # fmt: skip


def _bound(rules: AgeRules, text: str, name: str, identity: str) -> tuple[str, str]:
    """The text with a binding for the key, and the word that stands for it: the key itself where there is no `let`."""
    if identity in rules.names:
        return text, rules.names[identity]
    found = re.search(r"\blet\b[ \t]*\n?([ \t]*)", text)
    word = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    if found is None or not _NAME.fullmatch(word) or re.search(rf"\b{re.escape(word)}\s*=", text):
        return text, f'"{identity}"'
    indent = found[1] if "\n" in found[0] else "  "
    newline = "" if "\n" in found[0] else "\n"
    begin = found.start(1)
    return f'{text[:begin]}{newline}{indent}{word} = "{identity}";\n{text[begin:]}', word


def _named(path: Path, text: str, file: str, word: str) -> str:
    """The last list of the `publicKeys` of a file, with one word more."""
    entry = re.search(rf'"(?:\./)?{re.escape(file)}"\s*[.=]', text)
    keys = re.compile(r"publicKeys\s*=([^;]*);").search(text, entry.end()) if entry else None
    if keys is None or "]" not in keys[1]:
        raise _by_hand(path)
    place = keys.start(1) + keys[1].rindex("]")
    blank = "" if text[place - 1] in " \n" else " "
    return f"{text[:place]}{blank}{word} {text[place:]}"


async def _checked(
    rules: AgeRules,
    before: str,
    text: str,
    meant: Mapping[Path, set[str]],
    environ: Mapping[str, str],
    *,
    added: bool,
) -> AgeRules:
    """What Nix makes of the text, evaluated beside the file, as it may import others."""
    copy = rules.path.with_name(f"{PREFIX}{secrets.token_hex(4)}-{rules.path.name}")
    try:
        copy.write_text(text)
        after = await read_age_rules(copy, environ)
    except OSError as error:
        raise SecretsError(Trouble.UNWRITABLE, f"{rules.path.name}: {error.strerror}", "look at permissions") from error
    except SecretsError as error:
        raise _by_hand(rules.path) from error
    finally:
        with suppress(OSError):
            copy.unlink()
    for path in rules.rules.keys() | after.rules.keys():
        if path not in rules.rules or path not in after.rules:
            raise _by_hand(rules.path)
        old, new = [{each.identity for each in which.rules[path].recipients} for which in (rules, after)]
        changed = new - old if added else old - new
        expected = meant.get(path, set()) - old if added else meant.get(path, set())
        if changed != expected or (old - new if added else new - old) or not new:
            raise _by_hand(rules.path)
    if text == before:
        raise _by_hand(rules.path)
    return AgeRules(rules.path, after.rules, after.names)
