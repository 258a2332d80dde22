"""Who is who depends on the evidence alone: not on its order, not on how often it is said."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.identity import Evidence, Identity, join, suggest
from prodlens.storage.identities import Account

if TYPE_CHECKING:
    import random

MAILS = st.sampled_from(
    [
        "a@example.org",
        "b@example.org",
        "c@example.org",
        "1+ada@users.noreply.github.com",
        "2+bob@users.noreply.github.com",
        "ada@users.noreply.github.com",
        "noreply@github.com",
        "noreply@anthropic.com",
    ]
)
LOGINS = st.sampled_from(["ada", "bob", "claude", "x[bot]"])
NUMBERS = st.integers(1, 3)
USERS = st.sampled_from(["ada", "Ada", "A@example.org", "b@example.org", "dev-42", "ci[bot]"])
DEVELOPERS = st.sampled_from(["ada", "bob", "a@example.org", "Team"])
IDENTITIES = st.one_of(
    MAILS.map(lambda value: Identity("email", value)),
    LOGINS.map(lambda value: Identity("github_login", value)),
    USERS.map(lambda value: Identity("trace_user", value)),
).filter(Identity.is_person)
ACCOUNTS = st.builds(
    Account,
    email=MAILS,
    name=st.sampled_from(["", "Ada", "ada", "Bob"]),
    github_id=st.none() | NUMBERS,
    login=st.none() | LOGINS,
    commits=st.integers(0, 3),
)
EVIDENCE = st.builds(
    Evidence,
    accounts=st.lists(ACCOUNTS, max_size=6).map(tuple),
    logins=st.lists(st.tuples(LOGINS, NUMBERS), max_size=3).map(tuple),
    trace_users=st.lists(USERS, max_size=4, unique=True).map(tuple),
    mail_map=st.lists(st.tuples(MAILS, MAILS), max_size=3).map(tuple),
    links=st.dictionaries(IDENTITIES, st.none() | DEVELOPERS, max_size=4),
    merges=st.dictionaries(DEVELOPERS, DEVELOPERS, max_size=3),
)


def shuffled(evidence: Evidence, dice: random.Random) -> Evidence:
    def mixed(values: Any) -> Any:
        many = list(values.items()) if isinstance(values, dict) else list(values)
        dice.shuffle(many)
        return dict(many) if isinstance(values, dict) else tuple(many)

    fields = {
        field.name: mixed(getattr(evidence, field.name)) for field in dataclasses.fields(evidence)
    }
    return Evidence(**fields)


@settings(max_examples=200, deadline=None)
@given(EVIDENCE, st.randoms(use_true_random=False))
def test_the_order_of_evidence_changes_nothing(evidence: Evidence, dice: random.Random) -> None:
    other = shuffled(evidence, dice)
    joined = join(evidence)
    assert join(other) == joined
    assert suggest(other, joined.groups) == suggest(evidence, joined.groups)


@settings(max_examples=200, deadline=None)
@given(EVIDENCE)
def test_everybody_is_one_developer_and_no_program_is_any(evidence: Evidence) -> None:
    joined = join(evidence)
    members = [one for group in joined.groups.values() for one in group]
    assert len(members) == len(set(members))
    assert all(one.is_person() for one in members)
    assert set(joined.sources) == set(members)
    assert all(group for group in joined.groups.values())


@settings(max_examples=200, deadline=None)
@given(EVIDENCE)
def test_what_was_said_holds(evidence: Evidence) -> None:
    groups = join(evidence).groups
    owner = {one: developer for developer, group in groups.items() for one in group}
    plain = dataclasses.replace(evidence, merges={})
    unmerged = join(plain).groups
    for one, developer in evidence.links.items():
        if developer is None:
            assert groups[owner[one]] == {one}
        else:
            assert one in unmerged[developer]


@settings(max_examples=100, deadline=None)
@given(EVIDENCE)
def test_proposals_are_for_what_is_not_certain(evidence: Evidence) -> None:
    groups = join(evidence).groups
    owned = {one for group in groups.values() for one in group}
    for row in suggest(evidence, groups):
        assert 0 < row.confidence < 1
        assert row.value != row.developer_id
        if row.kind == "email":
            assert Identity("email", row.value) not in owned
