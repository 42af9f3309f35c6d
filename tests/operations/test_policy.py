"""Who may do what where."""

import pytest

from nixtui.model.environment import Confirmation, Environment
from nixtui.operations.plan import Plan, Target
from nixtui.operations.policy import Answer, Consent, Policy, Refused

LAB = Environment(name="lab", match="lab-*")
PROD = Environment(name="prod", match="tag:env=prod", confirm=Confirmation.TYPE, allow_yes=False)
AUDITED = Environment(name="audited", match="audit-*", ask_reason=True)
FROZEN = Environment(name="frozen", match="old-*", read_only=True)
POLICY = Policy(environments={each.name: each for each in (LAB, PROD, AUDITED, FROZEN)})

KEY = Consent(Answer.KEY)
YES = Consent(Answer.YES_FLAG)


def plan(*targets: Target, read_only: bool = False) -> Plan:
    return Plan(kind="rollback", title="Roll back", targets=targets, steps=(), read_only=read_only)


def on(name: str, environment: str | None = None, refused: str | None = None) -> Target:
    return Target(name=name, environment=environment, refused=refused)


def typed(text: str, reason: str | None = None) -> Consent:
    return Consent(Answer.TYPED, typed=text, reason=reason)


def refusal(plan: Plan, consent: Consent | None, policy: Policy = POLICY) -> str:
    with pytest.raises(Refused) as caught:
        policy.authorize(plan, consent)
    return str(caught.value)


def test_nothing_is_done_without_a_yes() -> None:
    assert refusal(plan(on("a")), None) == "not confirmed"


def test_looking_needs_no_yes_even_read_only() -> None:
    Policy(read_only=True, environments=POLICY.environments).authorize(plan(on("x", "frozen"), read_only=True), None)


def test_what_changes_nothing_is_asked_for_nothing_by_any_environment() -> None:
    assert POLICY.demands(plan(on("web-1", "prod"))) is not None
    assert POLICY.demands(plan(on("web-1", "prod"), read_only=True)) is None


def test_a_key_is_enough_where_nothing_more_is_asked() -> None:
    POLICY.authorize(plan(on("a")), KEY)
    POLICY.authorize(plan(on("a", "lab")), KEY)
    POLICY.authorize(plan(on("a", "lab")), YES)


def test_read_only_cannot_be_confirmed_away() -> None:
    policy = Policy(read_only=True)
    assert policy.forbids(plan(on("a"))) == "nixtui runs read-only"
    for consent in (KEY, YES, typed("a")):
        assert refusal(plan(on("a")), consent, policy).startswith("nixtui runs read-only; start without --read-only")


def test_one_host_of_a_read_only_environment_stops_the_whole_plan() -> None:
    assert refusal(plan(on("a", "lab"), on("b", "frozen")), typed("2")).startswith("environment frozen is read-only")


def test_a_target_that_is_left_out_asks_for_nothing() -> None:
    POLICY.authorize(plan(on("a", "lab"), on("b", "frozen", refused="gone"), on("c", "prod", refused="gone")), KEY)


def test_where_typing_is_asked_for_the_name_of_the_one_host_is_typed() -> None:
    assert refusal(plan(on("web-1", "prod")), KEY) == "environment prod wants 'web-1' typed"
    assert "'web-2' was typed where 'web-1' was asked for" in refusal(plan(on("web-1", "prod")), typed("web-2"))
    for wrong in ("", "WEB-1", "web-1 ", "1", "y"):
        refusal(plan(on("web-1", "prod")), typed(wrong))
    POLICY.authorize(plan(on("web-1", "prod")), typed("web-1"))


def test_for_several_hosts_their_number_is_typed_not_counting_those_left_out() -> None:
    several = plan(on("a", "prod"), on("b", "lab"), on("c", "prod", refused="gone"))
    assert several.challenge == "2"
    refusal(several, typed("3"))
    POLICY.authorize(several, typed("2"))


def test_nothing_typed_at_all_is_no_match() -> None:
    refusal(plan(on("a", "prod")), Consent(Answer.TYPED))


def test_an_environment_may_forbid_yes() -> None:
    assert refusal(plan(on("a", "prod")), YES) == "environment prod does not accept --yes; confirm at a terminal"
    assert "prod" in refusal(plan(on("a", "lab"), on("b", "prod")), YES)


def test_yes_stands_for_typing_where_it_is_accepted() -> None:
    policy = Policy(environments={"x": Environment(name="x", match="all", confirm=Confirmation.TYPE)})
    policy.authorize(plan(on("a", "x")), YES)


@pytest.mark.parametrize("reason", [None, "", "  \n"])
def test_a_reason_that_is_asked_for_must_say_something(reason: str | None) -> None:
    for answer in (Answer.KEY, Answer.YES_FLAG):
        told = refusal(plan(on("a", "audited")), Consent(answer, reason=reason))
        assert told == "environment audited asks for a reason; give one with --reason"
    POLICY.authorize(plan(on("a", "audited")), Consent(Answer.KEY, reason="INC-7"))


def test_several_environments_demand_together_what_each_demands() -> None:
    """Or a plan could be refused for what nobody was asked."""
    policy = Policy(
        environments={
            "a": Environment(name="a", match="env:a", allow_yes=False),
            "b": Environment(name="b", match="env:b", confirm=Confirmation.TYPE, ask_reason=True),
        }
    )
    both = plan(on("x", "a"), on("y", "b"))
    demands = policy.demands(both)
    assert demands is not None
    assert (demands.confirm, demands.allow_yes, demands.ask_reason) == (Confirmation.TYPE, False, True)
    policy.authorize(both, Consent(Answer.TYPED, typed="2", reason="because"))
    assert policy.demands(plan()) is None


def test_a_plan_may_have_a_word_of_its_own_that_has_to_be_typed_wherever_it_is() -> None:
    final = Plan(kind="stack-destroy", title="Destroy", targets=(on("a"), on("b", "lab")), steps=(), typed="review")
    assert final.challenge == "review"
    POLICY.authorize(final, typed("review"))
    POLICY.authorize(final, YES)
    for consent in (KEY, typed("2"), typed("a"), typed("")):
        assert refusal(final, consent) == "'review' has to be typed for this"
    strict = Plan(kind="stack-destroy", title="Destroy", targets=(on("a", "prod"),), steps=(), typed="review")
    POLICY.authorize(strict, typed("review"))
    assert "does not accept --yes" in refusal(strict, YES)
