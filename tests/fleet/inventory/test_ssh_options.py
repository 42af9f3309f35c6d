import pytest

from nixtui.fleet.inventory.ssh_options import SshOptions, read_options


@pytest.mark.parametrize(
    ("arguments", "port", "unused"),
    [
        ([], None, ()),
        (["-p", "2222"], 2222, ()),
        (["-p2222"], 2222, ()),
        (["-o", "Port=2222"], 2222, ()),
        (["-oPort 2222"], 2222, ()),
        (["-o", "port = 2222"], 2222, ()),
        (["-p", "1", "-p", "2"], 1, ()),
        (["-p", "x"], None, ("-p x",)),
        (["-p"], None, ("-p",)),
        (["-p", "٢٢"], None, ("-p ٢٢",)),
        (["-J", "bastion", "-A", "-p", "7", "-i", "-p"], 7, ("-J bastion", "-A", "-i -p")),
        (["-o", "ProxyJump=x", "-o"], None, ("-o ProxyJump=x", "-o")),
        (["-o", "Ports=1"], None, ("-o Ports=1",)),
        (["", "-"], None, ("", "-")),
        (["-p", "9" * 5000], None, ("-p " + "9" * 5000,)),
    ],
)
def test_the_port_is_found_and_the_rest_is_named(
    arguments: list[str], port: int | None, unused: tuple[str, ...]
) -> None:
    assert read_options(arguments) == SshOptions(port, unused)
