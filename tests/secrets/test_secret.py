"""A secret shows itself to nobody by accident."""

import copy
import logging
import pickle
import traceback
from collections.abc import Callable
from io import StringIO

import msgspec
import pytest
from rich.console import Console
from rich.traceback import Traceback

from nixtui.secrets.edit import Put
from nixtui.secrets.secret import Secret, length_class

VALUE = "correct-horse-battery"


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{!r:>40}".format,
        lambda secret: f"{secret}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - old code does it
        lambda secret: repr([secret]) + repr({"a": secret}),
        lambda secret: repr(Put(("a",), secret)),
        lambda secret: str(ValueError(secret)),
        lambda secret: repr(vars(type(secret))),
    ],
)
def test_it_is_masked_wherever_it_is_shown(show: Callable[[Secret], str]) -> None:
    assert VALUE not in show(Secret(VALUE))


@pytest.mark.parametrize("take", [pickle.dumps, copy.deepcopy, copy.copy, msgspec.json.encode, hash])
def test_it_is_not_taken_along(take: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError):
        take(Secret(VALUE))


def test_it_is_masked_in_logs_and_in_tracebacks_with_locals() -> None:
    out = StringIO()
    logger = logging.Logger("here")
    logger.addHandler(logging.StreamHandler(out))
    secret = Secret(VALUE)
    try:
        raise RuntimeError(secret)
    except RuntimeError as error:
        logger.exception("it broke with %s", secret)
        out.write("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
        shown = Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True)
        Console(file=out, width=200).print(shown)
    assert "<secret>" in out.getvalue()
    assert VALUE not in out.getvalue().replace(f'VALUE = "{VALUE}"', "")


def test_it_is_compared_and_wiped() -> None:
    one, other = Secret(VALUE), Secret(VALUE.encode())
    assert one == other and one != Secret("x") and one != VALUE
    one.wipe()
    assert not one and one.reveal() == b"" and other.text() == VALUE


def test_bytes_that_are_no_text() -> None:
    assert not Secret(b"\xff").is_text and Secret(b"\xff").reveal() == b"\xff"


def test_lengths_are_told_roughly() -> None:
    assert [length_class(each) for each in (0, 1, 8, 9, 32, 33, 128, 129)] == [
        "empty", "short", "short", "medium", "medium", "long", "long", "huge",
    ]  # fmt: skip
