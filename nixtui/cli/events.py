"""Events as a stream for CI: one JSON object a line, as they happen."""

import json
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from nixtui.operations.events import AnyEvent, OperationFinished, TargetFinished, WentOn

_WORDS = re.compile(r"(?<!^)(?=[A-Z])")


def event_json(event: AnyEvent) -> dict[str, Any] | None:
    """One event with its kind as `event` (`step_started`); `None` for what the plan and the report say anyway."""
    if isinstance(event, TargetFinished | OperationFinished | WentOn):
        return None
    told = msgspec.to_builtins(event)
    told.pop("type")
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    kind = _WORDS.sub("_", type(event).__name__).lower()
    return {"event": kind, "at": at, "target": told.pop("target", None), **{k: v for k, v in told.items() if k != "at"}}


def print_line(value: dict[str, Any]) -> None:
    """One object on a line of its own, at once; that nobody reads any more stops nothing."""
    with suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def print_event(event: AnyEvent) -> None:
    """An event as a line of the stream."""
    if (told := event_json(event)) is not None:
        print_line(told)
