"""Nix's error messages, in the words of all versions."""

from time import thread_time

import pytest

from nixtui.builds.failure import Failure, failure_in, is_error
from tests.builds.events import drv, out

A, B = drv("a-1.0"), drv("b-2.0")


@pytest.mark.parametrize(
    ("text", "reason", "code"),
    [
        (f"error: builder for '{A}' failed with exit code 2", "exit code 2", 2),
        (
            f"error: builder for '{A}' failed with exit code 1;\n       last 10 log lines:\n  > no",
            "exit code 1",
            1,
        ),
        (f"error: builder for '{A}' failed due to signal 9 (Killed)", "signal 9 (Killed)", None),
        (
            f"error: Cannot build '{A}'.\n       Reason: builder failed with exit code 3.\n       Output paths:\n",
            "exit code 3",
            3,
        ),
        (
            f"error: Cannot build '{A}'.\n       Reason: platform mismatch\n       Required system: 'x'",
            "platform mismatch",
            None,
        ),
        (
            f"error: building of '{A}!out' from .drv file timed out after 5 seconds of silence",
            "timed out after 5 seconds of silence",
            None,
        ),
        (f"error: building of '{A}^out' from .drv file timed out after 5 seconds", "timed out after 5 seconds", None),
        (
            f"error: build of '{A}' on 'ssh://b' failed: builder for '{A}' failed with exit code 3",
            "exit code 3",
            3,
        ),
        (
            f"error: build of '{A}' failed previously (cached failure)",
            "build of 'a-1.0.drv' failed previously (cached failure)",
            None,
        ),
        (
            f"error: builder for '{A}' failed to produce output path for output 'out' at '{out('a-1.0')}'",
            "builder for 'a-1.0.drv' failed to produce output path for output 'out' at 'a-1.0'",
            None,
        ),
        (
            f"error: a 'aarch64-linux' with features {{}} is required to build '{A}', but I am a 'x86_64-linux'",
            "a 'aarch64-linux' with features {} is required to build 'a-1.0.drv', but I am a 'x86_64-linux'",
            None,
        ),
        (
            f"error: some substitutes for the outputs of derivation '{A}' failed (usually happens due to networking "
            "issues); try '--fallback' to build derivation from source ",
            "some substitutes for the outputs of derivation 'a-1.0.drv' failed (usually happens due to networking "
            "issues); try '--fallback' to build derivation from source",
            None,
        ),
    ],
)
def test_a_failed_build(text: str, reason: str, code: int | None) -> None:
    assert failure_in(text) == Failure(A, reason, exit_code=code)


def test_a_hash_mismatch_gives_the_new_hash() -> None:
    found = failure_in(
        f"error: hash mismatch in fixed-output derivation '{A}':\n         likely URL: https://example.org/a\n"
        "         specified: sha256-AAA=\n            got:    sha256-BBB="
    )
    assert found == Failure(A, "hash mismatch", wanted_hash="sha256-AAA=", got_hash="sha256-BBB=")


@pytest.mark.parametrize(
    "text",
    [
        f"error: 1 dependencies of derivation '{A}' failed to build",
        f"error: cannot build derivation '{A}': 2 dependencies couldn't be built",
        f"error: Cannot build '{A}'.\n       Reason: 1 dependency failed.\n       Output paths:",
        f"error: Cannot build '{A}'.\n       Reason: 3 dependencies failed.\n       Output paths:",
    ],
)
def test_a_failed_dependency(text: str) -> None:
    assert failure_in(text) == Failure(A, "a dependency failed", of_dependency=True)


def test_a_summary_names_nothing_new() -> None:
    assert failure_in(f"error: build of '{A}^out', '{B}^out' failed") is None


def test_a_derivation_that_is_only_named_did_not_certainly_fail() -> None:
    found = failure_in(f"error: path '{A}' is not valid")
    assert found is not None
    assert not found.sure


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("error: no", True),
        ("error:\n       … while calling", True),
        ("error (ignored): error: cannot delete", False),
        ("(use '--show-trace' to show detailed location information)", False),
        ("warning: error: retrying", False),
        ("cannot build on 'ssh://b': error: cannot connect", False),
    ],
)
def test_not_all_words_of_level_nought_are_errors(text: str, answer: bool) -> None:
    assert is_error(text) is answer


@pytest.mark.parametrize(
    "filling", ["1", " ", "\n", "/", "'/", "'", f"'{A}' ", "building of " + f"'{A}'", "error: ", "Reason: "]
)
def test_no_message_takes_long_whatever_is_in_it(filling: str) -> None:
    text = "error: " + filling * (10**5 // len(filling))
    began = thread_time()
    failure_in(text)
    is_error(text)
    assert thread_time() - began < 0.1  # a quadratic search takes seconds
