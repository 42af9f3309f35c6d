"""`[stacks.*]`: what may be declared, and what is said of what may not."""

import pytest

from nixtui.config.loading import Configuration
from nixtui.config.schema import Reached
from tests.config.documents import document, problems, warnings

WHOLE = """
[stacks.review]
region = "eu-central-1"
address = "public"
user = "root"
port = 2222
[stacks.review.hosts.web]
image = "ami-0123456789abcdef0"
type = "t3.small"
subnet = "subnet-0123456789abcdef0"
security_groups = ["sg-0123456789abcdef0"]
key_pair = "ops"
instance_profile = "web"
user_data = "first.sh"
disk_gib = 40
flake_attr = "web-review"
tags = { env = "review" }
[stacks.review.hosts.db]
image = "ssm:/shop/ami"
type = "t4g.medium"
"""


def test_a_whole_declaration_is_understood() -> None:
    stack = document(WHOLE).stacks["review"]
    assert (stack.region, stack.address, stack.user, stack.port) == ("eu-central-1", Reached.PUBLIC, "root", 2222)
    web, db = stack.hosts["web"], stack.hosts["db"]
    assert (web.image, web.type, web.disk_gib, web.tags) == ("ami-0123456789abcdef0", "t3.small", 40, {"env": "review"})
    assert (db.image, db.subnet, db.security_groups, db.tags) == ("ssm:/shop/ami", None, (), {})
    assert warnings(WHOLE) == []


def a_host(line: str) -> str:
    known = {"image": '"ami-0123456789abcdef0"', "type": '"t3.small"'}
    key = line.partition(" ")[0]
    lines = [f"{name} = {value}" for name, value in known.items() if name != key]
    return "[stacks.s]\nregion = 'eu-central-1'\n[stacks.s.hosts.a]\n" + "\n".join([*lines, line])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[stacks.s]", '1: stacks.s.region: is missing, add region = "…"'),
        ("[stacks.s]\nregion = 'Frankfurt'", '2: stacks.s.region: "Frankfurt" does not look like a region'),
        ("[stacks.s]\nregion = 'eu-central-1'\nregoin = 1", '3: stacks.s.regoin: unknown key, did you mean "region"?'),
        (a_host("image = 'ami-xyz'"), '5: stacks.s.hosts.a.image: "ami-xyz" names no image'),
        (a_host("image = 'nixos/*'"), '5: stacks.s.hosts.a.image: "nixos/*" names no image'),
        (a_host("image = 'ssm:'"), '5: stacks.s.hosts.a.image: "ssm:" names no image'),
        (a_host("image = 3"), "5: stacks.s.hosts.a.image: expected a string, got the number 3"),
        (a_host("type = 'small'"), '5: stacks.s.hosts.a.type: "small" is no instance type'),
        (a_host("subnet = 'web'"), '6: stacks.s.hosts.a.subnet: "web" is no subnet\'s id'),
        (a_host("security_groups = ['web']"), '6: stacks.s.hosts.a.security_groups[0]: "web" is no security group\'s'),
        (a_host("disk_gib = 0"), "6: stacks.s.hosts.a.disk_gib: expected int >= 1"),
        (a_host("count = 2"), "6: stacks.s.hosts.a.count: unknown key"),
        (a_host('tags = { "nixtui:stack" = "x" }'), '6: stacks.s.hosts.a.tags."nixtui:stack": is a tag of nixtui\'s'),
        (a_host('tags = { Name = "x" }'), "6: stacks.s.hosts.a.tags.Name: is a tag of nixtui's or AWS's own"),
        ("[stacks.'a b']\nregion = 'eu-central-1'", '1: stacks."a b": the name has a " "'),
        ("[stacks.'a,b']\nregion = 'eu-central-1'", '1: stacks."a,b": the name has a ","'),
        ("[stacks.'a*']\nregion = 'eu-central-1'", '1: stacks."a*": the name has a "*"'),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_what_to_write(text: str, told: str) -> None:
    (only,) = problems(text)
    assert only.startswith(f"nixtui.toml:{told}")


def test_two_stacks_cannot_claim_one_name_of_the_fleet() -> None:
    host = "image = 'web'\ntype = 't3.small'\n"
    text = f"[stacks.a]\nregion = 'eu-central-1'\n[stacks.a.hosts.b-c]\n{host}"
    text += f"[stacks.a-b]\nregion = 'eu-central-1'\n[stacks.a-b.hosts.c]\n{host}"
    assert problems(text) == ["nixtui.toml:8: stacks.a-b.hosts.c: it would be a-b-c, as that of stack a is, rename one"]


def test_hosts_of_stacks_are_known_by_their_names_in_the_fleet(tmp_path) -> None:
    configuration = Configuration(None, tmp_path, document(WHOLE))
    assert configuration.has_in_stacks(["x", "review-web"])
    assert not configuration.has_in_stacks(["web", "review"])
