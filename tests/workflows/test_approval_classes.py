"""P2 and the rules behind it: the class is right nearly always and too low never, whatever the reach is."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from apps.core.reach import Audience, Reach
from apps.workflows.core.classes import Allow, AllowKind, Facts, Policy, RiskClass, classify, riskier
from tests.workflows.acts import DOMAINS, MEMBERS, judge_all

texts = st.sampled_from(
    [
        "ann@acme.example",
        "x@acme-mail.example",
        "c@customer.example",
        "#room",
        "",
        "ann@acme.example,x@y.example",
        "a b",
    ]
)
reaches = st.builds(
    Reach,
    writes=st.booleans(),
    audience=st.sampled_from(Audience),
    recipients=st.lists(texts, max_size=3).map(tuple),
    amount_minor=st.none() | st.integers(-1, 1000),
    currency=st.sampled_from(["", "EUR"]),
    deletes=st.booleans(),
    personal=st.booleans(),
    grants=st.booleans(),
    objects=st.integers(-1, 60),
    destination=st.sampled_from(["", "api.example"]),
)
allows = st.lists(
    st.builds(
        Allow,
        id=st.uuids().map(str),
        kind=st.sampled_from(AllowKind),
        values=st.frozensets(st.sampled_from(["c@customer.example", "customer.example", "api.example", "#room"])),
        currency=st.sampled_from(["", "EUR"]),
        left_minor=st.integers(0, 1000),
    ),
    max_size=3,
).map(tuple)
facts = st.builds(
    Facts,
    type=st.just("t"),
    effect_class=st.sampled_from(["keyed", "lookup", "blind", "metered"]),
    members=st.just(MEMBERS),
    domains=st.just(DOMAINS),
    taints=st.dictionaries(st.just("to"), st.sampled_from(["recipient", "url", "amount", "object"]), max_size=1),
    policy=st.builds(Policy, hold_writes=st.booleans(), allows=allows),
)


def test_labelled_actions_are_classed_right_and_never_too_low() -> None:
    judged = judge_all()
    assert len(judged) >= 200
    assert Counter(one.label for one in judged).keys() == {"A", "B", "C"}
    assert [one for one in judged if one.is_too_low] == []
    wrong = [one for one in judged if one.computed != one.label]
    assert len(wrong) <= 0.05 * len(judged), wrong


@given(reaches, facts)
def test_what_cannot_be_taken_back_is_c_whatever_rules_there_are(reach: Reach, known: Facts) -> None:
    verdict = classify(reach, known)
    if reach.deletes or reach.grants or reach.audience is Audience.PUBLIC or reach.objects < 0:
        assert verdict.risk is RiskClass.C
    if known.taints and reach.writes:
        assert verdict.risk is RiskClass.C
    assert verdict.reasons


@given(reaches, facts)
def test_rules_bring_c_down_to_b_only_and_strictness_never_lowers(reach: Reach, known: Facts) -> None:
    bare = classify(reach, Facts(**{**vars(known), "policy": Policy()}))
    ruled = classify(reach, known)
    assert ruled.risk >= bare.risk or (bare.risk is RiskClass.C and ruled.risk is RiskClass.B and ruled.allowed_by)
    strict = classify(reach, Facts(**{**vars(known), "policy": Policy(hold_writes=True)}))
    assert strict.risk >= bare.risk


@given(reaches, reaches, facts)
def test_an_edit_to_another_class_c_act_is_riskier_unless_its_reasons_are_the_same(
    one: Reach, other: Reach, known: Facts
) -> None:
    before, after = classify(one, known), classify(other, known)
    if after.risk is RiskClass.C and set(after.reasons) - set(before.reasons):
        assert riskier(after, before)
    assert not riskier(before, before)
