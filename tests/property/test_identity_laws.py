"""Who is who depends on the evidence alone: not on its order, not on how often it is said."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.identity import Evidence, Identity, People, join, suggest
from prodlens.identity.evidence import of_call
from prodlens.storage import ProdLensStore
from prodlens.storage.identities import Account
from prodlens.storage.persons import person

if TYPE_CHECKING:
    import random
    from pathlib import Path

    import pytest

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
USERS = st.sampled_from(
    [
        *("ada", "Ada", "A@example.org", "b@example.org", "dev-42", "ci[bot]", "team key"),
        *("9c1b7f0e-0d3a-4b52-8f63-2f6f1c2f7a11", "0f" * 32),
    ]
)
DEVELOPERS = st.sampled_from(["ada", "bob", "a@example.org", "Team"])
IDENTITIES = st.one_of(
    MAILS.map(lambda value: Identity("email", value)),
    LOGINS.map(lambda value: Identity("github_login", value)),
    USERS.map(of_call),
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
    same_calls=st.lists(st.tuples(USERS, USERS), max_size=3).map(tuple),
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


_IDS = ("0f" * 32, "9c1b7f0e-0d3a-4b52-8f63-2f6f1c2f7a11", "Ada@example.org", "team key", "dev-42")
_STEPS = st.permutations(
    [
        *(("call", one) for one in _IDS),
        *(("link", str(of_call(one))) for one in _IDS[:4]),
    ]
)


def _who_called(steps: list[tuple[str, str]], path: Path) -> tuple[list[Any], list[Any]]:
    with ProdLensStore(path) as store:
        for kind, value in steps:
            if kind == "call":
                call = {"developer_id": value, "session_id": value}
                store.insert_sessions([{"timestamp": "2026-09-01T00:00:00Z"} | call])
            else:
                People(store).link("Ada", [value])
        People(store).resolve()
        found = store.conn.execute(
            f"select developer_id, {person('sessions.developer_id')} from sessions order by developer_id"  # noqa: S608 - an expression of the product
        )
        rows = store.conn.execute("select * from developer_identities order by kind, value")
        return [tuple(row) for row in found], [tuple(row) for row in rows]


@settings(max_examples=8, deadline=None, derandomize=True)
@given(steps=_STEPS)
def test_calls_and_statements_commute(
    steps: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("people")
    called, rows = _who_called(steps, folder / "any.db")
    assert called == [(one, "dev-42" if one == "dev-42" else "Ada") for one in sorted(_IDS)]
    assert _who_called(sorted(steps), folder / "sorted.db") == (called, rows)
