"""What the loader makes of a piece of TOML."""

from textwrap import dedent

from nixtui.config.loading import parse_document
from nixtui.config.problem import BadConfiguration
from nixtui.config.schema import Document


def document(text: str) -> Document:
    return parse_document(dedent(text).lstrip(), "nixtui.toml")[0]


def warnings(text: str) -> list[str]:
    return [str(problem) for problem in parse_document(dedent(text).lstrip(), "nixtui.toml")[1]]


def problems(text: str) -> list[str]:
    try:
        parse_document(dedent(text).lstrip(), "nixtui.toml")
    except BadConfiguration as error:
        return [str(problem) for problem in error.problems]
    return []
