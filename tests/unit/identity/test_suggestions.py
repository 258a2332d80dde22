"""Proposals join nobody, prefer the better reason, and leave alone what people told apart."""

from __future__ import annotations

from prodlens.identity import Evidence, join, parse_identity, suggest
from prodlens.identity.suggestions import display_name, names_by_email
from prodlens.storage.identities import Account

NOREPLY = Account("101+ada@users.noreply.github.com", "Ada Lovelace", 101, "ada", 5)


def proposed(evidence: Evidence) -> list[tuple[str, str, str, str, float]]:
    return list(suggest(evidence, join(evidence).groups))


def test_the_same_name_is_proposed() -> None:
    evidence = Evidence(
        accounts=(NOREPLY, Account("ada@example.org", "ada  lovelace", None, None, 1))
    )
    assert proposed(evidence) == [("email", "ada@example.org", "ada", "same_name", 0.5)]


def test_unknown_addresses_of_one_name_are_proposed_for_the_smallest() -> None:
    evidence = Evidence(
        accounts=(
            Account("z@example.org", "Bob", None, None, 1),
            Account("a@example.org", "Bob", None, None, 1),
            Account("m@example.org", "", None, None, 1),
        )
    )
    assert proposed(evidence) == [("email", "z@example.org", "a@example.org", "same_name", 0.5)]


def test_an_equal_login_and_trace_user_are_proposed() -> None:
    evidence = Evidence(accounts=(NOREPLY,), trace_users=("Ada",))
    assert proposed(evidence) == [("developer", "ada", "Ada", "same_login", 0.8)]


def test_githubs_old_address_is_proposed_before_a_name() -> None:
    old = Account("ada@users.noreply.github.com", "Bob", None, None, 1)
    bob = Account("7+bob@users.noreply.github.com", "Bob", 7, "bob", 1)
    assert proposed(Evidence(accounts=(NOREPLY, old, bob))) == [
        ("email", "ada@users.noreply.github.com", "ada", "old_address", 0.9)
    ]


def test_developers_of_one_name_are_proposed() -> None:
    other = Account("9+lovelace@users.noreply.github.com", "Ada Lovelace", 9, "lovelace", 1)
    assert proposed(Evidence(accounts=(NOREPLY, other))) == [
        ("developer", "lovelace", "ada", "same_name", 0.5)
    ]


def test_what_was_told_apart_is_not_proposed_again() -> None:
    mine = Account("ada@example.org", "Ada Lovelace", None, None, 1)
    alone = {parse_identity("ada@example.org"): None}
    assert proposed(Evidence(accounts=(NOREPLY, mine), links=alone)) == []


def test_the_name_shown_is_the_one_used_most() -> None:
    accounts = (
        NOREPLY,
        Account(NOREPLY.email, "ada", 101, "ada", 9),
        Account(NOREPLY.email, "A. L.", 101, "ada", 9),
    )
    evidence = Evidence(accounts=accounts)
    names = names_by_email(evidence)
    assert display_name(join(evidence).groups["ada"], names) == "A. L."
    assert display_name(frozenset({parse_identity("trace_user:x")}), names) is None


DEVICE = "0f" * 32
OTHER_DEVICE = "1e" * 32


def _by_call(*pairs: tuple[str, str]) -> list[tuple[str, str, str]]:
    users = tuple(sorted({one for pair in pairs for one in pair}))
    evidence = Evidence(trace_users=users, same_calls=pairs)
    found = suggest(evidence, join(evidence).groups)
    return [(row.value, row.developer_id, row.source) for row in found]


def test_ids_that_two_sources_gave_one_call_are_proposed_as_one_person() -> None:
    assert _by_call((DEVICE, "ada@example.org"), (OTHER_DEVICE, "ada@example.org")) == [
        (DEVICE, "ada@example.org", "same_call"),
        (OTHER_DEVICE, "ada@example.org", "same_call"),
    ]


def test_a_key_that_several_people_use_is_nobody_of_them() -> None:
    assert _by_call((DEVICE, "team key 1"), (OTHER_DEVICE, "team key 1")) == []
    assert _by_call((DEVICE, "team key 1")) == [(DEVICE, "team key 1", "same_call")]


def test_a_device_that_two_people_use_is_neither_of_them() -> None:
    assert _by_call((DEVICE, "ada@example.org"), (DEVICE, "bob@example.org")) == []
