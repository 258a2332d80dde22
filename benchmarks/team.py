"""Invents the calls of a team, one after the other: who, when, in which session, with what counts.

Same seed, same calls. Writes no record: `shapes.py` and `bodies.py` do.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

DAYS: Final = 90
DEVELOPERS: Final = 250
REPOSITORIES: Final = 20
CALLS_OF_A_SESSION: Final = 10
START: Final = datetime(2026, 6, 1, tzinfo=UTC)
"""First instant of all invented time; fixed, so that no record lies in the future."""


class Model(NamedTuple):
    """A model: how often it is used, and its list prices per token (USD)."""

    name: str
    provider: str
    share: int
    input_usd: float
    output_usd: float


MODELS: Final = (
    Model("claude-sonnet-4-5-20250929", "anthropic", 40, 3e-6, 15e-6),
    Model("claude-haiku-4-5-20251001", "anthropic", 15, 1e-6, 5e-6),
    Model("claude-opus-4-1-20250805", "anthropic", 8, 15e-6, 75e-6),
    Model("claude-3-5-haiku-20241022", "anthropic", 4, 0.8e-6, 4e-6),
    Model("gpt-5", "openai", 14, 1.25e-6, 10e-6),
    Model("gpt-5-mini", "openai", 7, 0.25e-6, 2e-6),
    Model("gpt-4o", "openai", 5, 2.5e-6, 10e-6),
    Model("gpt-4o-mini", "openai", 4, 0.15e-6, 0.6e-6),
    Model("o3-mini", "openai", 3, 1.1e-6, 4.4e-6),
)
ERRORS: Final = (
    (429, "RateLimitError"),
    (500, "InternalServerError"),
    (400, "ContextWindowExceededError"),
)


class Session(NamedTuple):
    """What stays the same from one call of a session to the next."""

    id: str
    developer: str
    email: str
    repo: str
    branch: str
    model: Model


class Call(NamedTuple):
    """One call; `error` and `accepted` are None where nothing is said."""

    seed: int
    number: int
    at: datetime
    session: Session
    tokens_in: int
    cached: int
    tokens_out: int
    latency_ms: float
    error: tuple[int, str] | None
    accepted: bool | None

    @property
    def id(self) -> str:
        """32 hexadecimal digits that no other call has, of this seed or another, in no order."""
        number = self.seed << 40 | self.number
        return f"{number * 0x9E3779B97F4A7C15 & (1 << 64) - 1:016x}{number:016x}"

    @property
    def cost_usd(self) -> float:
        """What the provider charges, cache reads at a tenth."""
        model = self.session.model
        tokens_in = self.tokens_in - self.cached * 0.9
        return round(tokens_in * model.input_usd + self.tokens_out * model.output_usd, 9)


def invent(
    count: int, *, seed: int = 7, start: datetime = START, days: int = DAYS
) -> Iterator[Call]:
    """Yield `count` calls, about in order of time, spread evenly over the days.

    As many sessions run at once as make one last about an hour; each has about ten calls.

    Args:
        count: How many.
        seed: Decides everything.
        start: First instant, UTC.
        days: Days they spread over.
    """
    dice = random.Random(seed)
    weights = [model.share for model in MODELS]
    step = timedelta(days=days) / max(count, 1)
    running: list[tuple[Session, int]] = []
    most = max(1, count // (days * 24 * CALLS_OF_A_SESSION))
    begun = 0
    for number in range(count):
        place = dice.randrange(most)
        if place >= len(running):
            place = len(running)
            running.append((_begin(dice, weights, f"{seed:x}{begun:07x}"), _length(dice)))
            begun += 1
        session, left = running[place]
        call = _call(dice, session, start + step * (number + dice.random()))
        yield call._replace(seed=seed, number=number)
        if left > 1:
            running[place] = session, left - 1
        else:
            running[place] = (_begin(dice, weights, f"{seed:x}{begun:07x}"), _length(dice))
            begun += 1


def _length(dice: random.Random) -> int:
    return dice.randrange(1, 2 * CALLS_OF_A_SESSION)


def _begin(dice: random.Random, weights: list[int], name: str) -> Session:
    developer = dice.randrange(DEVELOPERS)
    repo = developer if dice.random() < 0.8 else dice.randrange(REPOSITORIES)
    return Session(
        id=f"{dice.getrandbits(64):016x}-{name}",
        developer=f"dev-{developer:03d}",
        email=f"dev-{developer:03d}@acme.example",
        repo=f"acme/service-{repo % REPOSITORIES:02d}",
        branch=f"feature/{dice.randrange(400)}",
        model=dice.choices(MODELS, weights)[0],
    )


def _call(dice: random.Random, session: Session, at: datetime) -> Call:
    failed = dice.random() < 0.02
    tokens_in = dice.randrange(200, 60_000)
    judged = not failed and dice.random() < 0.3
    return Call(
        seed=0,
        number=0,
        at=at,
        session=session,
        tokens_in=0 if failed else tokens_in,
        cached=0 if failed else dice.randrange(tokens_in),
        tokens_out=0 if failed else dice.randrange(10, 2_000),
        latency_ms=round(dice.lognormvariate(7.3, 0.7), 3),
        error=dice.choice(ERRORS) if failed else None,
        accepted=dice.random() < 0.4 if judged else None,
    )
