"""Changing who is named in a `.sops.yaml`, as somebody would in an editor: a line more or less, all else as it was.

What comes out is parsed again and compared with what was meant; nothing else is handed back.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.recipient import age_recipient
from nixtui.secrets.rules import Rules, parse_rules
from nixtui.secrets.yaml_text import Node, parse

_LIST_KEY = "age"


def with_recipient(path: Path, text: str, numbers: Collection[int], name: str, identity: str) -> str:
    """The text in which the rules with these numbers also name a recipient, by an anchor where the file has anchors.

    Raises `SecretsError` where that cannot be done safely: then it is for a person.
    """
    before = parse_rules(path, text)
    after, reference = _with_anchor(text, name, identity)
    for number in sorted(numbers):
        rule = _rule(path, after, number)
        if identity in {each.identity for each in parse_rules(path, after).rules[number - 1].recipients}:
            continue  # an alias of a list that an earlier rule has
        after = _added(after, _target(path, after, rule, number), reference, identity, name)
    _check(path, text, after, before, numbers, {identity}, added=True)
    return after


def without_recipient(path: Path, text: str, identities: Collection[str]) -> str:
    """The text that names none of these recipients any more, nor their anchors. Raises `SecretsError`."""
    before = parse_rules(path, text)
    numbers = [
        number
        for number, rule in enumerate(before.rules, 1)
        if {each.identity for each in rule.recipients} & {*identities}
    ]
    after = text
    while (step := _without_one(path, after, identities)) is not None:
        if step == after:
            raise _by_hand(path, "it is not written in a way that can be changed safely")
        after = step
    _check(path, text, after, before, numbers, {*identities}, added=False)
    return after


def _tree(path: Path, text: str) -> Node:
    try:
        return parse(text)
    except ValueError as error:
        raise SecretsError(Trouble.BAD_RULES, f"{path.name}: {error}", "correct its syntax") from error


def _by_hand(path: Path, what: str) -> SecretsError:
    return SecretsError(Trouble.BAD_RULES, f"{path.name}: {what}", "edit it by hand, then nixtui secrets updatekeys")


def _rule(path: Path, text: str, number: int) -> Node:
    rules = _tree(path, text).get("creation_rules")
    if rules is None or rules.kind != "list" or number > len(rules.value):
        raise _by_hand(path, f"rule {number} is not where it was")
    found: Node = rules.value[number - 1]
    return found


def _with_anchor(text: str, name: str, identity: str) -> tuple[str, str]:
    """The text with the recipient under an anchor, and how rules refer to it: the recipient itself without anchors."""
    tree = parse(text)
    anchored = {each.anchor: each for each in tree.walk() if each.anchor and each.kind == "scalar"}
    for anchor, node in anchored.items():
        if age_recipient(node.value).identity == identity:
            return text, f"*{anchor}"
    rules = tree.get("creation_rules")
    for _, below in tree.value if tree.kind == "map" else ():
        if below.kind != "list" or below.style or (rules is not None and below.start > rules.start):
            continue
        if any(each.kind == "scalar" and each.anchor for each in below.value):
            anchor = _anchor(name, {each for each in anchored if each})
            return _after_last(text, below, f"&{anchor} {identity}"), f"*{anchor}"
    return text, identity


def _anchor(name: str, taken: Collection[str]) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name) or "host"
    return next(each for each in (plain, *(f"{plain}_{number}" for number in range(2, 10_000))) if each not in taken)


def _target(path: Path, text: str, rule: Node, number: int) -> Node:
    """Where a rule names age keys: one place, or a person has to say which."""
    groups = rule.get("key_groups")
    holders = groups.value if groups is not None and groups.kind == "list" else [rule]
    found = [node for each in holders if (node := each.get(_LIST_KEY)) is not None]
    if len(found) != 1:
        what = "has no list of age keys" if not found else "has several key groups with age keys"
        raise _by_hand(path, f"rule {number} {what}")
    (target,) = found
    if target.kind == "alias":
        named = next((each for each in _tree(path, text).walk() if each.anchor == target.value), None)
        if named is None:
            raise _by_hand(path, f"rule {number} refers to nothing")
        return named
    return target


def _added(text: str, target: Node, reference: str, identity: str, name: str) -> str:
    if target.kind == "list":
        comment = f" # {name}" if not target.style and not reference.startswith("*") else ""
        return _after_last(text, target, reference + comment)
    if not target.value.strip():
        return text[: target.start] + identity + text[target.end :]
    if target.style in (">", "|"):
        end = target.start + len(text[target.start : target.end].rstrip())
        line = text[text.rfind("\n", 0, end) + 1 : end]
        return f"{text[:end]},\n{line[: len(line) - len(line.lstrip())]}{identity}{text[end:]}"
    end = target.end - (1 if target.style else 0)
    return f"{text[:end]},{identity}{text[end:]}"


def _after_last(text: str, listed: Node, what: str) -> str:
    """One more item, written like those that are there."""
    if listed.style:
        end = listed.value[-1].end if listed.value else listed.end - 1
        return f"{text[:end]}{', ' if listed.value else ''}{what}{text[end:]}"
    last = listed.value[-1]
    begin, end = text.rfind("\n", 0, last.start) + 1, text.find("\n", last.end)
    end = len(text) if end < 0 else end
    indent = text[begin : last.start].partition("-")[0]
    return f"{text[:end]}\n{indent}- {what}{text[end:]}"


def _without_one(path: Path, text: str, identities: Collection[str]) -> str | None:
    """The text with one mention less; `None` when there is none. Aliases go before what they refer to."""
    tree = _tree(path, text)
    gone = {each.anchor for each in tree.walk() if _is_one_of(each, identities) and each.anchor}
    lists = [each for each in tree.walk() if each.kind == "list"]
    for listed in reversed(lists):
        for place, item in enumerate(listed.value):
            if (item.kind == "alias" and item.value in gone) or (
                _is_one_of(item, identities) and not _is_referred_to(tree, item)
            ):
                return _without_item(path, text, listed, place)
    for node in tree.walk():
        if node.kind == "alias" and node.value in gone:
            raise _by_hand(path, f"a rule names {node.value} and nobody else")
        if node.kind == "scalar" and "," in node.value:
            kept = [each.strip() for each in node.value.split(",") if each.strip()]
            left = [each for each in kept if age_recipient(each).identity not in identities]
            if len(left) < len(kept):
                return _rewritten(path, text, node, kept, left)
        if _is_one_of(node, identities):
            raise _by_hand(path, "a rule names nobody else, and nobody could read its files")
    return None


def _is_one_of(node: Node, identities: Collection[str]) -> bool:
    return node.kind == "scalar" and age_recipient(node.value).identity in identities


def _is_referred_to(tree: Node, node: Node) -> bool:
    return node.anchor is not None and any(each.kind == "alias" and each.value == node.anchor for each in tree.walk())


def _without_item(path: Path, text: str, listed: Node, place: int) -> str:
    item = listed.value[place]
    if len(listed.value) == 1:
        raise _by_hand(path, "a list names nobody else, and nobody could read its files")
    if listed.style:
        if place:
            return text[: listed.value[place - 1].end] + text[item.end :]
        return text[: item.start] + text[listed.value[1].start :]
    begin, end = text.rfind("\n", 0, item.start) + 1, text.find("\n", item.end)
    if text[begin : item.start].strip() != "-" and not re.fullmatch(r"\s*-\s+&\S+\s+", text[begin : item.start]):
        raise _by_hand(path, "a recipient is not on a line of its own")
    return text[:begin] + (text[end + 1 :] if end >= 0 else "")


def _rewritten(path: Path, text: str, node: Node, kept: Sequence[str], left: Sequence[str]) -> str:
    """A list with commas, without those that go; each of them is cut out with one comma and the blanks at it."""
    if not left:
        raise _by_hand(path, "a rule names nobody else, and nobody could read its files")
    part = text[node.start : node.end]
    for each in kept:
        if each not in left:
            cut = re.sub(rf"{re.escape(each)}\s*,[ \t]*|,\s*{re.escape(each)}", "", part, count=1)
            part = cut
    return text[: node.start] + part + text[node.end :]


def _check(
    path: Path,
    before_text: str,
    text: str,
    before: Rules,
    numbers: Collection[int],
    identities: set[str],
    *,
    added: bool,
) -> None:
    """Every rule is what it was, but for these recipients: in the rules that were meant, and in those that share lists
    with them, which the preview shows.
    """
    after = parse_rules(path, text)
    wrong = len(before.rules) != len(after.rules) or before.problems != after.problems
    for number, (was, now) in enumerate(zip(before.rules, after.rules, strict=False), 1):
        old, new = [{each.identity for each in rule.recipients} for rule in (was, now)]
        more, fewer = (new - old, old - new) if added else (old - new, new - old)
        wrong |= bool(fewer) or not more <= identities or (was.scope, was.threshold) != (now.scope, now.threshold)
        wrong |= was.path_regex != now.path_regex or len(was.groups) != len(now.groups)
        wrong |= number in numbers and (not identities <= new if added else bool(identities & new))
    if wrong or text == before_text:
        raise _by_hand(path, "it is not written in a way that can be changed safely")
