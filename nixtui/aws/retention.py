"""The retention rules of the recycle bin: what is kept when it is deleted, and for how many days.

As AWS documents them: a rule with tags keeps what has one of them; a rule without keeps all of its kind in the region
but what has one of its exclusion tags; of several that fit the longest counts; one that is still pending keeps nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nixtui.aws.session import Session

IMAGES = "EC2_IMAGE"
SNAPSHOTS = "EBS_SNAPSHOT"

Tags = tuple[tuple[str, str | None], ...]
"""Key and value; without a value where the rule names none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Without `tags` it is one of the whole region, but for what has one of `excluded`."""

    days: int
    tags: Tags = ()
    excluded: Tags = ()

    def keeps(self, tags: Mapping[str, str] | None) -> bool | None:
        """Whether it keeps something with these tags; `None` where that hangs on tags that are not known."""
        if not self.tags and not self.excluded:
            return True
        if tags is None:
            return None
        if self.tags:
            return any(tags.get(key) == (value or "") for key, value in self.tags)
        # An exclusion without a value is taken as one of every value: too careful is safe.
        return not any(key in tags and value in (None, tags[key]) for key, value in self.excluded)


async def rules_of(session: Session, region: str, kind: str) -> list[Rule]:
    """The rules for images or snapshots that are in force in a region. Raises `AwsError`."""
    listed = await session.pages("rbin", "ListRules", region, "Rules", ResourceType=kind)
    told = await asyncio.gather(
        *(session.call("rbin", "GetRule", region, Identifier=str(each["Identifier"])) for each in listed)
    )
    return [_read(each) for each in told if each.get("Status") == "available"]


def days_kept(rules: Sequence[Rule], tags: Mapping[str, str] | None) -> int | None:
    """How long the longest rule that fits keeps it; `None` where none does.

    Raises `LookupError` where that hangs on tags that are not known.
    """
    fitting: list[int] = []
    for rule in rules:
        match rule.keeps(tags):
            case None:
                raise LookupError
            case True:
                fitting.append(rule.days)
    return max(fitting, default=None)


def _read(told: Mapping[str, Any]) -> Rule:
    return Rule(
        days=int(told["RetentionPeriod"]["RetentionPeriodValue"]),
        tags=_tags(told.get("ResourceTags")),
        excluded=_tags(told.get("ExcludeResourceTags")),
    )


def _tags(told: Sequence[Mapping[str, Any]] | None) -> Tags:
    return tuple((str(each["ResourceTagKey"]), each.get("ResourceTagValue")) for each in told or ())
