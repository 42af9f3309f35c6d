"""Which hosts are let in, from whatever source."""

import pytest

from nixtui.fleet.inventory.source import PartialHost, SourceProblem, admit


def test_harmless_hosts_are_let_in_as_they_are() -> None:
    hosts = (PartialHost(name="web-1"), PartialHost(name="db", address="fd00::1", port=65535, user="ada@corp"))
    assert admit("file", hosts).hosts == hosts
    assert admit("file", hosts).problems == ()


@pytest.mark.parametrize(
    ("host", "told"),
    [
        (
            PartialHost(name="-rf"),
            'ec2: "-rf": the name starts with a dash and would be taken for an option; it is left out',
        ),
        (PartialHost(name="a\x1b[2J"), 'ec2: "a\\u001B[2J": the name has a "\\u001B"'),
        (PartialHost(name='a"b'), 'ec2: "a\\"b": the name has a "\\""'),
        (PartialHost(name="a b"), 'ec2: "a b": the name has a " "'),
        (PartialHost(name=""), 'ec2: "": the name is empty'),
        (
            PartialHost(name="a", address="-oProxyCommand=id"),
            'ec2: a: the address "-oProxyCommand=id" starts with a dash',
        ),
        (PartialHost(name="a", address="$(id)"), 'ec2: a: the address "$(id)" has a "$"'),
        (PartialHost(name="a", user="x;id"), 'ec2: a: the user "x;id" has a ";"'),
        (PartialHost(name="a", port=0), "ec2: a: 0 is no port"),
        (PartialHost(name="a", port=65536), "ec2: a: 65536 is no port"),
    ],
)
def test_a_hostile_host_is_told_and_only_that_one_is_left_out(host: PartialHost, told: str) -> None:
    found = admit("ec2", (PartialHost(name="before"), host, PartialHost(name="after")))
    assert [each.name for each in found.hosts] == ["before", "after"]
    (problem,) = found.problems
    assert str(problem).startswith(told)
    assert str(problem).isprintable()


def test_a_problem_reads_as_one_line() -> None:
    assert str(SourceProblem(source="flake", reason="no nix", remedy="install it")) == "flake: no nix; install it"
    assert str(SourceProblem(source="flake", host="web-1", reason="no")) == "flake: web-1: no"
