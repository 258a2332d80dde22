"""Our arithmetic against the price package's own, over all its providers and models."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices import types
from genai_prices.data import providers

from prodlens.pricing import PriceBook, Unpriced, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REFUSED = {
    Unpriced.OTHER_UNIT,  # audio hours, pages, characters, nothing at all
    Unpriced.NEEDS_REASONING,  # reasoning tokens are not in our counts
}


def own_names(provider: types.Provider, model: types.ModelInfo) -> Iterator[str]:
    """Names that the package resolves to `model` itself, not to an earlier entry."""
    in_a_region = model.id.replace("regional.", "us.")
    released = (f"{model.id}-latest", f"{model.id}-2024-08-06:acme")
    names = [model.id, *equal_names(model.match), in_a_region, *released]
    return (name for name in names if provider.find_model(name, all_providers=providers) is model)


def equal_names(rule: types.MatchLogic) -> list[str]:
    if isinstance(rule, types.ClauseEquals):
        return [rule.equals]
    if isinstance(rule, types.ClauseOr):
        return [name for part in rule.or_ for name in equal_names(part)]
    return []


def instants(model: types.ModelInfo) -> list[datetime]:
    """Now, the day before and the day of each dated change, and the edges of cheap hours."""
    found = [NOW]
    for conditional in model.prices if isinstance(model.prices, list) else []:
        rule = conditional.constraint
        if isinstance(rule, types.StartDateConstraint):
            start = datetime(rule.start_date.year, rule.start_date.month, rule.start_date.day, 12)  # noqa: DTZ001 - UTC is put on in the next line
            found += [start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) - timedelta(days=1)]
        elif isinstance(rule, types.TimeOfDateConstraint):
            edges = [datetime.combine(NOW, edge) for edge in (rule.start_time, rule.end_time)]
            found += [edge + timedelta(seconds=by) for edge in edges for by in (-1, 0)]
    return found


def usages(price: types.ModelPrice) -> Iterator[Usage]:
    """Plain and cached counts below, at and above every tier of the prices."""
    tiered = [value for value in vars(price).values() if isinstance(value, types.TieredPrices)]
    starts = {tier.start for value in tiered for tier in value.tiers}
    out = 0 if price.output_mtok is None else 977
    hour = 0 if price.cache_write_mtok and price.cache_write_1h_mtok is None else 1
    for tokens_in in {12_345, *starts, *(start + 1 for start in starts)}:
        share = tokens_in // 7
        yield Usage(tokens_in, out, share, 2 * share, hour * share)
    yield Usage(999, out)


def theirs(provider: types.Provider, model: types.ModelInfo, usage: Usage, at: datetime) -> int:
    counts = TheirUsage(
        input_tokens=usage.tokens_in,
        output_tokens=usage.tokens_out,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
    )
    price = model.calc_price(counts, provider, genai_request_timestamp=at).total_price
    return int((price * 10**9).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


@pytest.mark.slow
def test_every_priced_model_costs_what_the_package_itself_computes() -> None:
    book = PriceBook()
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    for provider in providers:
        for model in provider.models:
            name = next(own_names(provider, model), None)
            if name is None:
                wrong.append(f"{provider.id} {model.id}: no name leads to it")
                continue
            for at in instants(model):
                day = at.date()
                why = book.unpriced_reason(provider=provider.id, model=name, day=day, at=at)
                if why:
                    seen[why] += 1
                    if why not in REFUSED and not name.startswith("gpt-oss"):
                        wrong.append(f"{provider.id} {name}: {why}")
                    continue
                for usage in usages(model.get_prices(at)):
                    cost = book.cost(provider=provider.id, model=name, day=day, usage=usage, at=at)
                    seen["compared"] += 1
                    if cost is None or cost.nanos != theirs(provider, model, usage, at):
                        wrong.append(f"{provider.id} {name} {at} {usage}: {cost}")
    assert wrong == []
    assert seen["compared"] > 6_000
    assert seen[Unpriced.OTHER_UNIT] < 100


def test_every_dated_change_is_found_on_its_first_day() -> None:
    book = PriceBook()
    known = {
        "openai/o3": date(2025, 6, 10),
        "x-ai/grok-4.20": date(2026, 4, 30),
        "anthropic/claude-sonnet-4-6": date(2026, 3, 13),
    }
    for name, start in known.items():
        seller = name.partition("/")[0]
        for day, valid_from in ((start, start), (start - timedelta(days=1), None)):
            rows = [row for row in book.search(name, day=day) if row.provider == seller]
            assert [row.valid_from for row in rows] == [valid_from]
