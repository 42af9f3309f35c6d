"""The configuration in force, as the TOML that would bring it about: `nixtui config show`."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from nixtui.config.discovery import candidates
from nixtui.config.duration import Limit, Pause, write_duration
from nixtui.config.loading import Configuration
from nixtui.config.reading import inner_type
from nixtui.config.schema import HealthCommand, Section
from nixtui.config.share import Share, write_share
from nixtui.model.naming import one_line


def show_configuration(configuration: Configuration, cwd: Path, environ: Mapping[str, str]) -> str:
    """Every value in force, defaults too, below a comment that says which file it is from or where none was found.

    What has no value (a port that ssh_config decides) is left out. Loading the text gives the same sections again.
    """
    import tomli_w

    if configuration.path is not None:
        origin = [f"from {configuration.path}; what it leaves out is nixtui's default"]
    else:
        origin = ["these are nixtui's defaults; no file was found at", *map(str, candidates(cwd, environ))]
    comments = "".join(f"# {one_line(line)}\n" for line in origin)
    return f"{comments}\n{tomli_w.dumps(_table(configuration.document))}"


def _table(section: Section) -> dict[str, Any]:
    written = {
        field.name: _written(field.type, value)
        for field in msgspec.structs.fields(section)
        if (value := getattr(section, field.name)) is not None
    }
    return {key: value for key, value in written.items() if value != {}}


def _written(kind: Any, value: Any) -> Any:
    """A value as TOML has it; the schema's type tells seconds from other numbers."""
    if inner_type(kind) in (Limit, Pause):
        return write_duration(value)
    match value:
        case Share():
            return write_share(value)
        case HealthCommand(command=command, timeout=None):
            return command
        case Section():
            return _table(value)
        case Enum():
            return value.value
        case tuple():
            return [_written(type(each), each) for each in value]
        case Mapping():
            return {key: _written(type(each), each) for key, each in value.items()}
    return value
