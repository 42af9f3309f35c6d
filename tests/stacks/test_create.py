"""`nixtui stack create`, on moto and a real sshd: what is missing is made, once."""

from tests.stacks.conftest import Team, described, tags_of


def test_a_stack_is_created_and_its_hosts_are_known_and_answer(team: Team) -> None:
    dry = team.run("create", "review", "--dry-run")
    assert dry.code == 0, dry.err
    assert "Create stack review in eu-central-1, account 123456789012" in dry.out
    assert team.instances() == {}
    ended = team.run("create", "review", "--yes", "--json")
    assert ended.code == 0, ended.err + ended.out
    assert (ended.json["outcome"], ended.json["stack"]) == ("committed", "review")
    assert [each["name"] for each in ended.json["hosts"]] == ["review-web", "review-db"]
    made = team.instances()
    assert {name: len(each) for name, each in made.items()} == {"review-web": 1, "review-db": 1}
    assert [each["to"] for each in ended.json["hosts"]] == [made["review-web"][0], made["review-db"][0]]
    web = next(tags_of(each) for each in described() if each["InstanceId"] == made["review-web"][0])
    assert (web["nixtui:stack"], web["nixtui:stack-host"]) == ("review", "web")
    assert web["nixtui:stack-fleet"] == "shop"
    assert team.sshd.name in team.known_hosts.read_text()
