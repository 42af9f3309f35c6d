"""What `nixtui.toml` may say, and how each mistake is told."""

import pytest

from nixtui.config.schema import ActivationSection, Elevate, HostSection, RolloutSection, Source
from nixtui.config.share import Share
from tests.config.documents import document, problems

EVERYTHING = """
    [fleet]
    name = "shop"
    flake = "."
    sources = ["file", "flake", "ec2"]
    exclude = "installer,iso-*"

    [hosts.web-1]
    address = "10.0.1.11"
    port = 22
    user = "deploy"
    flake_attr = "web-1"
    tags = { env = "prod", role = "web" }

    [ssh]
    config = "~/.ssh/config"
    jump = "bastion.example.com"
    known_hosts = ["~/.ssh/known_hosts"]
    identity_files = ["~/.ssh/id_ed25519"]
    elevate = "run0"
    connect_timeout = "10s"
    keepalive = "15s"

    [ec2]
    profile = "shop"
    regions = ["eu-central-1"]
    filters = { "tag:Fleet" = "shop" }
    name_tag = "Name"

    [environments.prod]
    match = "tag:env=prod"
    confirm = "type"
    read_only = false
    allow_yes = false
    ask_reason = true
    colour = "error"

    [activation]
    revert_after = "2m"
    activation_timeout = "10m"
    health = ["systemctl is-active nginx.service", { command = "curl -fsS localhost", timeout = "20s" }]
    health_timeout = "5s"

    [rollout]
    canary = 2
    batch = "10%"
    max_failures = 3
    soak = "1m"
    """


def test_everything_the_contract_names_is_understood() -> None:
    read = document(EVERYTHING)
    assert read.fleet.sources == (Source.FILE, Source.FLAKE, Source.EC2)
    assert read.hosts == {
        "web-1": HostSection(
            address="10.0.1.11", port=22, user="deploy", flake_attr="web-1", tags={"env": "prod", "role": "web"}
        )
    }
    assert read.ssh.elevate is Elevate.RUN0
    assert read.ssh.connect_timeout == 10
    assert read.ec2 is not None
    assert read.ec2.filters == {"tag:Fleet": "shop"}
    assert read.environments["prod"].ask_reason
    assert read.activation.health_limits == (("systemctl is-active nginx.service", 5), ("curl -fsS localhost", 20))
    assert read.rollout == RolloutSection(canary=2, batch=Share(percent=10), max_failures=3, soak=60)


def test_nothing_is_everything_at_its_default() -> None:
    read = document("")
    assert read.fleet.sources == (Source.FILE, Source.FLAKE, Source.EC2)
    assert read.activation == ActivationSection(revert_after=90, activation_timeout=600, health=(), health_timeout=10)
    assert read.rollout == RolloutSection(canary=1, batch=Share(percent=25), max_failures=1, soak=0)
    assert (read.hosts, read.ec2, read.ssh.elevate) == ({}, None, Elevate.SUDO)


def test_the_order_of_environments_is_that_of_the_file() -> None:
    text = "".join(f'[environments.{name}]\nmatch = "tag:{name}"\n' for name in "zmaqb")
    assert list(document(text).environments) == list("zmaqb")


def test_a_host_may_be_just_a_name() -> None:
    assert document("[hosts.web-1]").hosts == {"web-1": HostSection()}


def test_the_misspelt_key_of_the_contract() -> None:
    text = "[fleet]\n\n[ssh]\n\n\n\n\n\n\n\n[hosts.web-1]\nadress = '10.0.1.11'"
    assert problems(text) == ['nixtui.toml:12: hosts.web-1.adress: unknown key, did you mean "address"?']


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    told = problems(
        """
        [hosts.web-1]
        port = 70000
        user = "-l"
        [activation]
        revert_after = 90
        [ssh]
        elevate = "doas"
        [hosts.web-2]
        tags = { role = 3 }
        """
    )
    assert [line.split(": ")[:2] for line in told] == [
        ["nixtui.toml:2", "hosts.web-1.port"],
        ["nixtui.toml:3", "hosts.web-1.user"],
        ["nixtui.toml:5", "activation.revert_after"],
        ["nixtui.toml:7", "ssh.elevate"],
        ["nixtui.toml:9", "hosts.web-2.tags.role"],
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[hots.web]", '1: hots: unknown key, did you mean "hosts"?'),
        ("[x]", "1: x: unknown key, possible are fleet, hosts, ssh, ec2, environments, activation, rollout"),
        ("fleet = 3", "1: fleet: expected a table, as in [fleet], got the number 3"),
        ("[[hosts]]\nx = 1", "1: hosts: expected a table, got an array"),
        ("hosts.web-1 = '10.0.0.1'", '1: hosts.web-1: expected a table, as in [hosts.web-1], got "10.0.0.1"'),
        ("[fleet]\nname = 3", "2: fleet.name: expected str, got int, write it in quotes"),
        ("[fleet]\nname = true", "2: fleet.name: expected str, got bool, write it in quotes"),
        ("[fleet]\nname = ''", "2: fleet.name: expected str of length >= 1"),
        ("[fleet]\nsources = 'file'", '2: fleet.sources: expected an array, got "file", write ["file"]'),
        ("[fleet]\nsources = ['fiel']", '2: fleet.sources[0]: unknown value "fiel", did you mean "file"?'),
        ("[fleet]\nsources = [1]", "2: fleet.sources[0]: unknown value the number 1, possible are file, flake, ec2"),
        ("[ssh]\nelevate = 'doas'", '2: ssh.elevate: unknown value "doas", possible are none, sudo, run0'),
        ("[ssh]\nelevate = []", "2: ssh.elevate: unknown value an array, possible are none, sudo, run0"),
        ("[ssh]\nconnect_timeout = 10", '2: ssh.connect_timeout: a duration needs its unit, write "10s"'),
        ("[hosts.a]\nport = '22'", "2: hosts.a.port: expected int, got str"),
        ("[hosts.a]\nport = 0", "2: hosts.a.port: expected int >= 1"),
        ("[hosts.a]\nport = true", "2: hosts.a.port: expected int, got bool"),
        ("[hosts.a]\ntags = ['web']", "2: hosts.a.tags: expected a table, got an array"),
        ("[hosts.a]\ntags = { a = 1979-05-27 }", "2: hosts.a.tags.a: expected str, got date"),
        ("[environments.p]\nconfirm = 'key'", '1: environments.p.match: is missing, add match = "…"'),
        ("[environments.p]\nmatch = 'tag:'", '2: environments.p.match: no selector, "tag:" is only half a term'),
        ("[environments.p]\nmatch = 'all'\nallow_yes = 'no'", "3: environments.p.allow_yes: expected bool, got str"),
        ("[activation]\nhealth = 'x'", '2: activation.health: expected an array, got "x", write ["x"]'),
        ("[activation]\nhealth = [3]", "2: activation.health[0]: expected a string or a table, got the number 3"),
        ("[activation]\nhealth = ['']", "2: activation.health[0].command: expected str of length >= 1"),
        ("[activation]\nhealth = [{}]", '2: activation.health[0].command: is missing, add command = "…"'),
        ("[activation]\nhealth = [\n'a',\n{command = 'b', timeout = 3}]", "4: activation.health[1].timeout: a"),
        ("[rollout]\nmax_failures = 0", "2: rollout.max_failures: expected int >= 1"),
        ("[rollout]\ncanary = -1", "2: rollout.canary: expected int >= 0"),
        ("[rollout]\nbatch = '25'", '2: rollout.batch: "25" is no share of the hosts, write 25 without'),
    ],
)  # fmt: skip
def test_each_mistake_has_its_place_and_a_remedy(text: str, told: str) -> None:
    assert len(problems(text)) == 1
    assert problems(text)[0].startswith(f"nixtui.toml:{told}")


def test_quoted_and_dotted_keys_are_found_where_they_stand() -> None:
    told = problems("rollout.'canary' = -1\n[hosts]\n'web.2' = { prot = 3 }\n\"web 3\".port = 0")
    assert [line.split(": ")[:2] for line in told if "warning" not in line] == [
        ["nixtui.toml:1", "rollout.canary"],
        ["nixtui.toml:3", 'hosts."web.2".prot'],
        ["nixtui.toml:4", 'hosts."web 3".port'],
    ]


def test_a_key_cannot_paint_the_terminal() -> None:
    told = problems('["\\u001b[2J\\u202e"]')
    assert told[0].isprintable()
    assert told[0].startswith('nixtui.toml:1: "\\u001B[2J\\u202E": unknown key')


def test_a_value_cannot_paint_the_terminal() -> None:
    (told,) = problems('[ssh]\nelevate = "\\u001b[2J\\n"')
    assert told.isprintable()
