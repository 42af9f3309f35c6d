"""The recorded streams, and trees that grew from them."""

import csv
import gzip
from collections.abc import Iterable
from pathlib import Path

from nixtui.builds.log import BuildLogs
from nixtui.builds.tree import BuildTree
from nixtui.nix.internal_json import parse_glued

STREAMS = Path(__file__).parent / "streams"


def expected() -> dict[str, dict[str, int]]:
    """By stream, what it must come to."""
    with (STREAMS / "expected.tsv").open() as file:
        return {
            row.pop("stream"): {key: int(value) for key, value in row.items()}
            for row in csv.DictReader(file, delimiter="\t")
        }


def content(name: str) -> bytes:
    return gzip.decompress((STREAMS / f"{name}.jsonl.gz").read_bytes())


def lines(name: str) -> list[bytes]:
    return content(name).splitlines()


def grown(recorded: Iterable[bytes], *, exit_code: int | None = None, logs: BuildLogs | None = None) -> BuildTree:
    """The tree at the end of a stream, whose lines come a millisecond after each other."""
    tree, now = BuildTree(logs=logs), 0.0
    for line in recorded:
        for event in parse_glued(line):
            tree.apply(event, now)
        now += 0.001
    tree.finish(exit_code, now)
    return tree
