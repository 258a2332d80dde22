"""Invents a team: who called which model when, and what was delivered; same seed, same team.

Two repositories. In the first, days with unusually many calls are followed by days with unusually
many commits and merges (planted at a lag of one day); in the second, calls and deliveries have
nothing to do with each other (planted nothing). Weekdays, a slow trend and busy spells are in both.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from prodlens.demo.litellm_log import ERRORS, MODELS, Call, start_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

LINKED: Final = "acme/payments"
UNLINKED: Final = "acme/website"
PLANTED_LAG_DAYS: Final = 1
PLANTED_SLOPE: Final = 0.9
"""Log-rate of deliveries per unit of the day's spell of calls, one day later."""

_CALLS_A_DAY: Final = 7.0
_SPELL_SD: Final = 0.5
_SPELL_MEMORY: Final = 0.5
_COMMITS_A_DAY: Final = 9.0
_WEEKEND: Final = 0.12
_TROUBLE: Final = (58, 61)
"""Days of an outage at a provider: many errors."""
_LATE_MODEL_DAY: Final = 45
"""From this day on the team prefers the newer of two models."""


@dataclass(frozen=True, slots=True)
class Person:
    """A developer: the id in traces is the e-mail of the commits."""

    number: int

    @property
    def email(self) -> str:
        """E-mail, the same in traces and commits."""
        return f"dev-{self.number:02d}@acme.example"

    @property
    def name(self) -> str:
        """Name in commits."""
        return f"Developer {self.number:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One commit of a repository, and the pull request that brought it in, if one did."""

    at: datetime
    author: Person
    subject: str
    assisted: bool
    pull_request: int | None = None
    opened_at: datetime | None = None
    reopened: bool = False
    reverts: int | None = None


@dataclass(frozen=True, slots=True)
class Team:
    """An invented team and what it left behind.

    Attributes:
        calls: Every call in order of time.
        delivered: Commits by repository slug, in order of time.
        people: The developers.
    """

    calls: tuple[Call, ...]
    delivered: dict[str, tuple[Delivered, ...]]
    people: tuple[Person, ...]


def invent_team(*, seed: int = 7, days: int = 90, developers: int = 24) -> Team:
    """Return a team; the same arguments always give the same one.

    Args:
        seed: Decides everything.
        days: UTC days up to `prodlens.demo.litellm_log.END`.
        developers: Size of the team; every second one works on the second repository.
    """
    dice = random.Random(seed)
    people = tuple(Person(number) for number in range(1, developers + 1))
    spells = {slug: _spells(dice, days) for slug in (LINKED, UNLINKED)}
    calls = tuple(sorted(_calls(dice, people, spells, days), key=lambda call: call.at))
    numbered = tuple(_numbered(call, number) for number, call in enumerate(calls))
    other = _spells(dice, days)
    drives = {LINKED: [0.0, *spells[LINKED]], UNLINKED: other}
    delivered = {
        slug: tuple(_delivered(dice, _members(people, slug), drives[slug], days)) for slug in drives
    }
    return Team(numbered, delivered, people)


def _members(people: tuple[Person, ...], slug: str) -> tuple[Person, ...]:
    chosen = tuple(p for p in people if (p.number % 2 == 1) == (slug == LINKED))
    return chosen or people


def _spells(dice: random.Random, days: int) -> list[float]:
    """Return the log-intensity of each day: a first-order autoregression around zero."""
    spell, found = 0.0, []
    noise = _SPELL_SD * math.sqrt(1 - _SPELL_MEMORY**2)
    for _ in range(days):
        spell = _SPELL_MEMORY * spell + dice.gauss(0.0, noise)
        found.append(spell)
    return found


def _poisson(dice: random.Random, mean: float) -> int:
    """Return a Poisson count by multiplying uniform numbers (Knuth 1969, section 3.4.1)."""
    limit, product, count = math.exp(-min(mean, 500.0)), dice.random(), 0
    while product > limit:
        product *= dice.random()
        count += 1
    return count


def _weekday_factor(day: int, days: int) -> float:
    weekday = (start_of(days) + timedelta(days=day)).weekday()
    return _WEEKEND if weekday >= 5 else 1.0


def _calls(
    dice: random.Random, people: tuple[Person, ...], spells: dict[str, list[float]], days: int
) -> Iterator[Call]:
    habits = {person: math.exp(dice.gauss(0.0, 0.4)) for person in people}
    for day in range(days):
        growth = 1.0 + 0.4 * day / max(days, 1)
        for person in people:
            slug = LINKED if person.number % 2 == 1 else UNLINKED
            rate = _CALLS_A_DAY * habits[person] * growth * _weekday_factor(day, days)
            for _ in range(_poisson(dice, rate * math.exp(spells[slug][day]))):
                yield _call(dice, person, slug, day, days)


def _call(dice: random.Random, person: Person, slug: str, day: int, days: int) -> Call:
    at = start_of(days) + timedelta(days=day, seconds=int(dice.triangular(6, 20, 13) * 3600))
    failed = dice.random() < (0.25 if _TROUBLE[0] <= day < _TROUBLE[1] else 0.02)
    shares = [m.share for m in MODELS]
    if day >= _LATE_MODEL_DAY:
        shares = [*reversed(shares[:2]), *shares[2:]]
    decided = not failed and dice.random() < 0.45
    accepted = dice.random() < 0.36 + 0.1 * day / max(days, 1) if decided else None
    tokens_in = dice.randrange(2_000, 60_000)
    return Call(
        number=0,
        at=at + timedelta(microseconds=dice.randrange(1_000_000)),
        developer=person.email,
        session=f"{person.number:02d}-{day:03d}-{dice.randrange(3)}",
        repo=slug,
        model=dice.choices(MODELS, shares)[0],
        tokens_in=0 if failed else tokens_in,
        cached=0 if failed else int(tokens_in * dice.uniform(0.3, 0.9)),
        tokens_out=0 if failed else dice.randrange(50, 2_500),
        latency_ms=round(dice.lognormvariate(7.4 - (0.3 if accepted else 0.0), 0.6), 3),
        error=dice.choice(ERRORS) if failed else None,
        accepted=accepted,
        accepted_lines=dice.randrange(1, 40) if accepted else None,
        diff_ratio=round(dice.uniform(0.5, 1.0), 3) if accepted else None,
    )


def _numbered(call: Call, number: int) -> Call:
    import dataclasses

    return dataclasses.replace(call, number=number)


def _delivered(
    dice: random.Random, members: tuple[Person, ...], drive: list[float], days: int
) -> Iterator[Delivered]:
    number = 0
    for day in range(days):
        base = _COMMITS_A_DAY * _weekday_factor(day, days) * (1.0 + 0.15 * day / max(days, 1))
        count = _poisson(dice, base * math.exp(PLANTED_SLOPE * drive[day] - 0.1))
        times = sorted(dice.triangular(7, 19, 14) * 3600 for _ in range(count))
        for seconds in times:
            at = start_of(days) + timedelta(days=day, seconds=int(seconds))
            merges = dice.random() < 0.45
            number += merges
            wait = timedelta(seconds=int(dice.lognormvariate(2.6, 0.9) * 3600))
            undone = merges and number > 20 and dice.random() < 0.03
            yield Delivered(
                at=at,
                author=dice.choice(members),
                subject=_subject(dice, undone=undone, number=number),
                assisted=dice.random() < 0.35,
                pull_request=number if merges else None,
                opened_at=max(at - wait, start_of(days)) if merges else None,
                reopened=merges and dice.random() < 0.04,
                reverts=number - dice.randrange(1, 15) if undone else None,
            )


_VERBS: Final = ("Add", "Fix", "Speed up", "Simplify", "Test", "Document", "Remove")
_THINGS: Final = ("refunds", "the search page", "retries", "totals", "the importer", "sign-in")


def _subject(dice: random.Random, *, undone: bool, number: int) -> str:
    words = f"{dice.choice(_VERBS)} {dice.choice(_THINGS)}"
    return f'Revert "{words}"' if undone else f"{words} for case {number}"
