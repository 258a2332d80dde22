"""Joins identities into people by certain evidence only; pure, and the same for any order of it.

Rules, strongest first: what a person said, mail-maps, GitHub's own addresses and ids. A
developer id of calls that is an e-mail is that e-mail. Where evidence contradicts itself (one e-mail with two accounts) it joins
nobody.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from prodlens.identity.evidence import EMAIL, GITHUB_ID, KINDS, LOGIN, Identity, of_call
from prodlens.sources.ai_trailers import account_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from prodlens.identity.evidence import Evidence
    from prodlens.storage.identities import Account

STRENGTH: Final = ("stated", "apart", "mail_map", "noreply", "github", "same_email", "trace")
"""What a row may be known from, strongest first; `apart` is a statement too."""

Group = frozenset[Identity]
T = TypeVar("T")


class Joined(NamedTuple):
    """People as certain evidence joins them.

    Attributes:
        groups: Identities by developer id; no identity is in two groups.
        sources: What each of those identities is known from.
    """

    groups: dict[str, Group]
    sources: dict[Identity, str]


class _Edge(NamedTuple):
    one: Identity
    other: Identity
    source: str


def join(evidence: Evidence) -> Joined:
    """Return who is certainly whom.

    An e-mail of which nothing else is known is in no group: nobody is joined by it.
    """
    edges = [
        edge
        for edge in _edges(evidence)
        if edge.one.is_person()
        and edge.other.is_person()
        and not evidence.stands_alone(edge.one)
        and not evidence.stands_alone(edge.other)
    ]
    known: defaultdict[Identity, set[str]] = defaultdict(set)
    for identity, developer in evidence.links.items():
        known[identity].add("apart" if developer is None else "stated")
    mails = _mails(evidence)
    for identity in map(of_call, evidence.trace_users):
        if identity.is_person():
            known[identity].add("trace")
            if identity.kind == EMAIL and identity.value in mails:
                known[identity].add("same_email")
    for edge in edges:
        known[edge.one].add(edge.source)
        known[edge.other].add(edge.source)
    groups = _named(evidence, _groups(evidence, set(known), edges))
    sources = {
        one: min(known[one], key=STRENGTH.index) for group in groups.values() for one in group
    }
    return Joined(groups, sources)


def _edges(evidence: Evidence) -> Iterator[_Edge]:
    """Give pairs of identities that certainly belong to one person."""
    for email, target in _single(evidence.mail_map):
        yield _Edge(Identity(EMAIL, email), Identity(EMAIL, target), "mail_map")
    yield from _accounts(evidence)


def _mails(evidence: Evidence) -> set[str]:
    """Return every e-mail that something else than calls tells of."""
    stated = {one.value for one in evidence.links if one.kind == EMAIL}
    return stated.union((one.email for one in evidence.accounts), *evidence.mail_map)


def _accounts(evidence: Evidence) -> Iterator[_Edge]:
    """Give what GitHub says: in its own addresses, and in what its API tells of commits."""
    people = [one for one in evidence.accounts if _is_person(one)]
    numbered = [one for one in people if one.github_id is not None]
    for email, number in _single((one.email, one.github_id) for one in numbered):
        account = account_of(email)
        source = "noreply" if account and account[0] == number else "github"
        yield _Edge(Identity(EMAIL, email), Identity(GITHUB_ID, str(number)), source)
    pairs = [(one.login.lower(), one.github_id) for one in numbered if one.login]
    pairs += [
        (login.lower(), number)
        for login, number in evidence.logins
        if Identity(LOGIN, login.lower()).is_person()
    ]
    by_address = {account_of(one.email) for one in numbered}
    of_one = dict(_single(pairs))  # a login that was given up is taken by others later
    for login, number in of_one.items():
        source = "noreply" if (number, login) in by_address else "github"
        yield _Edge(Identity(LOGIN, login), Identity(GITHUB_ID, str(number)), source)
    reused = {login for login, _ in pairs} - of_one.keys()
    bare = [one for one in people if one.github_id is None and one.login]
    for email, login in _single((one.email, str(one.login).lower()) for one in bare):
        if login not in reused:
            yield _Edge(Identity(EMAIL, email), Identity(LOGIN, login), "github")


def _is_person(account: Account) -> bool:
    login = Identity(LOGIN, (account.login or "?").lower())
    return login.is_person() and Identity(EMAIL, account.email).is_person()


def _single(pairs: Iterable[tuple[str, T]]) -> list[tuple[str, T]]:
    """Return what stands with one other thing only."""
    others: defaultdict[str, set[T]] = defaultdict(set)
    for one, other in pairs:
        others[one].add(other)
    return [(one, next(iter(found))) for one, found in others.items() if len(found) == 1]


def _groups(
    evidence: Evidence, identities: set[Identity], edges: Sequence[_Edge]
) -> list[tuple[str | None, Group]]:
    """Return people with the id that was said for them, None where none was."""
    said = {one: final_developer(to, evidence.merges) for one, to in evidence.links.items() if to}
    people: defaultdict[str, set[Identity]] = defaultdict(set)
    unsaid: list[Group] = []
    for group in _components(identities, edges):
        names = {said[one] for one in group if one in said}
        if len(names) == 1:
            people[names.pop()] |= group
            continue
        if not names:
            unsaid.append(group)
            continue
        for one in group & said.keys():  # rules don't join whom people told apart
            people[said[one]].add(one)
        rest = group - said.keys()
        inside = [edge for edge in edges if edge.one in rest and edge.other in rest]
        unsaid += _components(set(rest), inside)
    return [
        *((name, frozenset(group)) for name, group in people.items()),
        *((None, group) for group in unsaid if _is_known(evidence, group)),
    ]


def _is_known(evidence: Evidence, group: Group) -> bool:
    """Return whether more is known than one e-mail of commits."""
    if len(group) > 1:
        return True
    (one,) = group
    if one.kind != EMAIL or evidence.stands_alone(one):
        return True
    return any(of_call(user) == one for user in evidence.trace_users)


def final_developer(developer: str, merges: Mapping[str, str]) -> str:
    """Return who a developer is after all merges; the smallest of those that merge in a circle."""
    seen: list[str] = []
    while developer in merges:
        if developer in seen:
            return min(seen[seen.index(developer) :])
        seen.append(developer)
        developer = merges[developer]
    return developer


def _components(identities: set[Identity], edges: Iterable[_Edge]) -> list[Group]:
    leader = {one: one for one in identities}

    def leader_of(one: Identity) -> Identity:
        while leader[one] != one:
            leader[one] = leader[leader[one]]
            one = leader[one]
        return one

    for edge in edges:
        one, other = sorted((leader_of(edge.one), leader_of(edge.other)))
        leader[other] = one
    members: defaultdict[Identity, set[Identity]] = defaultdict(set)
    for one in identities:
        members[leader_of(one)].add(one)
    return [frozenset(group) for group in members.values()]


def _named(evidence: Evidence, people: Iterable[tuple[str | None, Group]]) -> dict[str, Group]:
    """Give everybody an id: the one that was said, else that of their best known identity.

    Where two want the same, the better known one has it and the other's names its kind too.
    """
    targets = {target for _, target in evidence.mail_map}

    def best(group: Group) -> tuple[int, bool, str]:
        return min((KINDS.index(one.kind), one.value not in targets, one.value) for one in group)

    named = {name: group for name, group in people if name is not None}
    for group in sorted((group for name, group in people if name is None), key=best):
        rank, _, value = best(group)
        developer = f"{KINDS[rank]}:{value}" if KINDS[rank] == GITHUB_ID else value
        while developer in named:
            developer = f"{KINDS[rank]}:{developer}"
        named[developer] = group
    return named
