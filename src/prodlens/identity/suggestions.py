"""Proposes who may be the same person, from evidence that proves nothing; pure, joins nobody."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from prodlens.identity.evidence import (
    DEVELOPER,
    EMAIL,
    KEY_ALIAS,
    KINDS,
    LOGIN,
    TRACE_USER,
    Identity,
    of_call,
)
from prodlens.sources.ai_trailers import account_of
from prodlens.storage.identities import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prodlens.identity.evidence import Evidence
    from prodlens.identity.joining import Group

SAME_NAME: Final = 0.5
SAME_LOGIN: Final = 0.8
SAME_CALL: Final = 0.9
"""Two sources name one call's developer differently: a device and an e-mail, say."""
OLD_ADDRESS: Final = 0.9
"""`login@users.noreply.github.com`: GitHub's address from before 2017; logins change hands."""


def names_by_email(evidence: Evidence) -> dict[str, Counter[str]]:
    """Return how often each e-mail stands with each name."""
    names: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for account in evidence.accounts:
        if account.name.strip():
            names[account.email][" ".join(account.name.split())] += max(account.commits, 1)
    return dict(names)


def display_name(group: Group, names: Mapping[str, Counter[str]]) -> str | None:
    """Return the name a person commits under most often; None when none is known."""
    used: Counter[str] = Counter()
    for one in group:
        if one.kind == EMAIL:
            used.update(names.get(one.value, Counter()))
    return min(used, key=lambda name: (-used[name], name)) if used else None


def suggest(evidence: Evidence, groups: Mapping[str, Group]) -> tuple[Row, ...]:
    """Return the best proposal for each e-mail nobody has, and for each developer.

    `developer_id` is the proposed person; for e-mails with the same name of which nothing else is
    known it is the smallest e-mail, which is no developer yet.
    """
    owner = {one: developer for developer, group in groups.items() for one in group}
    alone = {
        developer
        for developer, group in groups.items()
        if all(evidence.stands_alone(one) for one in group)
    }
    best: dict[tuple[str, str], Row] = {}
    found = [
        *_by_login(evidence, owner),
        *_by_name(evidence, groups, owner),
        *_by_call(evidence, owner),
    ]
    for row in sorted(found, key=lambda row: (-row.confidence, row)):
        if row.value not in alone and row.developer_id not in alone:
            best.setdefault((row.kind, row.value), row)
    return tuple(sorted(best.values()))


def _by_login(evidence: Evidence, owner: Mapping[Identity, str]) -> Iterator[Row]:
    users = sorted(one for one in owner if one.kind == TRACE_USER)
    for user in users:
        person, other = owner[user], owner.get(Identity(LOGIN, user.value.lower()))
        if other is not None and other != person:
            yield Row(DEVELOPER, other, person, "same_login", SAME_LOGIN)
    for email in _unowned(evidence, owner):
        account = account_of(email)
        if account and (person_of := owner.get(Identity(LOGIN, account[1]))) is not None:
            yield Row(EMAIL, email, person_of, "old_address", OLD_ADDRESS)


def _by_call(evidence: Evidence, owner: Mapping[Identity, str]) -> Iterator[Row]:
    """Propose that ids which two sources gave one call are one person's.

    The id of the lesser kind must have stood with one person only; the name of a key, which a team
    may share, with one and for one only.
    """
    partners: defaultdict[Identity, set[Identity]] = defaultdict(set)
    for pair in evidence.same_calls:
        one, other = map(of_call, pair)
        if one in owner and other in owner and owner[one] != owner[other]:
            partners[one].add(other)
            partners[other].add(one)
    for one in sorted(partners):
        people = {owner[other] for other in partners[one]}
        if len(people) > 1:
            continue
        best = min(partners[one], key=_standing)
        shared = best.kind == KEY_ALIAS and len({owner[other] for other in partners[best]}) > 1
        if _standing(best) < _standing(one) and not shared:
            yield Row(DEVELOPER, owner[one], owner[best], "same_call", SAME_CALL)


def _standing(one: Identity) -> tuple[int, str]:
    return KINDS.index(one.kind), one.value


def _by_name(
    evidence: Evidence, groups: Mapping[str, Group], owner: Mapping[Identity, str]
) -> Iterator[Row]:
    names = names_by_email(evidence)
    people: defaultdict[str, set[str]] = defaultdict(set)
    for developer, group in groups.items():
        for name in _names(names, (one.value for one in group if one.kind == EMAIL)):
            people[name].add(developer)
    mails: defaultdict[str, set[str]] = defaultdict(set)
    for email in _unowned(evidence, owner):
        for name in _names(names, [email]):
            mails[name].add(email)
    for name in people.keys() | mails.keys():
        known, unknown = sorted(people[name]), sorted(mails[name])
        first, *others = known or unknown
        for developer in others if known else []:
            yield Row(DEVELOPER, developer, first, "same_name", SAME_NAME)
        for email in unknown if known else others:
            yield Row(EMAIL, email, first, "same_name", SAME_NAME)


def _names(names: Mapping[str, Counter[str]], emails: Iterable[str]) -> set[str]:
    return {name.casefold() for email in emails for name in names.get(email, ())}


def _unowned(evidence: Evidence, owner: Mapping[Identity, str]) -> list[str]:
    mails = {Identity(EMAIL, account.email) for account in evidence.accounts}
    return sorted(one.value for one in mails - owner.keys() if one.is_person())
