"""`Report` and `ReportGenerator`: every metric of one slice, what it rests on, what is missing.

No files, no HTTP, no printing; writes nothing to the store but the cache of correlations.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import as_utc, local_day, local_start, utc_now, zone_named
from prodlens.errors import InputError
from prodlens.metrics import history
from prodlens.metrics.acceptance import acceptance_of
from prodlens.metrics.association import associate
from prodlens.metrics.cost import cost_of
from prodlens.metrics.coverage import coverage_of
from prodlens.metrics.declaration import Asking
from prodlens.metrics.delivery_evidence import AI_LABELS
from prodlens.metrics.effects import effect_sizes, in_order, not_asked
from prodlens.metrics.inputs import Conventions, observe, one_state, read_inputs
from prodlens.metrics.measures import measure
from prodlens.metrics.notes import models_chosen, notes_of, without_statistics
from prodlens.metrics.policy import parse_policy
from prodlens.metrics.window import instant, resolve
from prodlens.selection import Selection, parse_repository
from prodlens.storage import readings
from prodlens.storage.connection import naming_errors
from prodlens.storage.slice_readings import decided_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from prodlens.metrics.against import Against, Compare
    from prodlens.metrics.association import Associations
    from prodlens.metrics.coverage import Coverage
    from prodlens.metrics.effects import EffectSizes
    from prodlens.metrics.inputs import MetricInputs, Observed
    from prodlens.metrics.notes import Note
    from prodlens.metrics.over_time import OverTime
    from prodlens.metrics.policy import Policy
    from prodlens.metrics.values import MetricValue
    from prodlens.metrics.window import When, Window
    from prodlens.storage import ProdLensStore
    from prodlens.storage.readings import CallFigures

_NAMED: Final = 5
"""Repositories that a message names before it says how many more there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLine:
    """What the calls of one model say; `model` is None for calls that name none."""

    model: str | None
    figures: CallFigures
    cost: MetricValue
    acceptance: MetricValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything one report says.

    Attributes:
        repo: The repository; None is all of them.
        window: The time.
        lag_days: Days from use to delivery that associations look at.
        policy: Models that the policy allows.
        generated_at: When the report was made, aware UTC.
        inputs: What the values were computed from.
        values: Every metric by slug, in the order of the catalogue.
        models: One line per model, highest cost first, then most calls.
        associations: How use goes with what is delivered later.
        effects: How accepted calls differ from rejected ones.
        coverage: What is known about the calls and the deliveries.
        notes: What a reader must know, most important first.
        over_time: How its days went; None when it was not asked for.
        against: How it compares with another time; None when it was not asked for.
        asking: What was declared beforehand, and which days associations set aside.
    """

    repo: str | None
    window: Window
    lag_days: int
    policy: Policy
    generated_at: datetime
    inputs: MetricInputs
    values: Mapping[str, MetricValue]
    models: tuple[ModelLine, ...]
    associations: Associations
    effects: EffectSizes
    coverage: Coverage
    notes: tuple[Note, ...]
    over_time: OverTime | None = None
    against: Against | None = None
    asking: Asking = field(default_factory=Asking)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values under the keys of the public contract (api.md)."""
        from prodlens.metrics import contract

        return contract.report_dict(self)


class ReportGenerator:
    """Computes reports from a store; works on a read-only one and with stale rollups.

    Args:
        store: The store; it is only read.
        now: Where the present instant comes from.
        as_of: The instant to report as of, instead of the present: what came later doesn't count.
        ai_labels: Labels of pull requests (globs) that are a sign of AI assistance.
        asking: The comparison that was declared beforehand, and the holidays that associations set
            aside; of its slice only traffic and models count, its instant is passed over. None is
            neither.
        timezone: IANA name of the zone whose days are counted.

    Raises:
        InputError: There is no zone of that name.
    """

    def __init__(
        self,
        store: ProdLensStore,
        *,
        now: Callable[[], datetime] = utc_now,
        as_of: datetime | None = None,
        ai_labels: Sequence[str] = AI_LABELS,
        asking: Asking | None = None,
        timezone: str = "UTC",
    ) -> None:
        self._store = store
        self._asking = asking or Asking()
        self._now, self._ai_labels = now, tuple(ai_labels)
        self._as_of = None if as_of is None else as_utc(as_of)
        self._timezone, self._zone = timezone, zone_named(timezone)

    def generate_report(
        self,
        *,
        repo: str | None,
        since: When,
        lag_days: int = 1,
        policy_models: Iterable[str] | str | None = None,
        until: When = None,
    ) -> dict[str, Any]:
        """Return a report as plain values.

        Args:
            repo: Repository as `owner/name`; None is all of them.
            since: First instant that counts (a day, a datetime, or text); naive is UTC; None is
                from the beginning. Before the data: clipped, and `metadata` says so.
            lag_days: Days from use to delivery that associations look at.
            policy_models: Globs of the models that a policy allows; None is no policy.
            until: First instant that no longer counts; None is to the end of the data.

        Returns:
            The keys of the public contract; None where a value is undefined or not known.

        Raises:
            InputError: The repository is unknown, or an argument makes no sense.
            StoreError: The database can't be read.
        """
        return self.build(
            repo=repo, since=since, lag_days=lag_days, policy_models=policy_models, until=until
        ).to_dict()

    def build(
        self,
        *,
        repo: str | None,
        since: When,
        lag_days: int = 1,
        policy_models: Iterable[str] | str | None = None,
        until: When = None,
    ) -> Report:
        """Return a report with what each value rests on; arguments as in `generate_report`."""
        now = self._as_of or self._now()
        if lag_days < 0:
            raise InputError(f"lag_days is {lag_days}: give 0 or more days.")
        policy = parse_policy(policy_models)
        asked = (instant(since, now, self._zone), instant(until, now, self._zone))
        with naming_errors(self._store.path), one_state(self._store):
            slug = None if repo is None else self._known(parse_repository(repo))
            repositories = () if slug is None else (slug,)
            observed = observe(self._store, repositories, now=now, timezone=self._timezone)
            asked = (asked[0], self._end(asked[1], observed))
            window = resolve(
                *asked, data=observed.span, calls=observed.calls, now=now, zone=self._zone
            )
            selection = Selection(
                since=_first_instant(window),
                until=asked[1],
                repositories=repositories,
                models=self._asking.selection.models,
                traffic=self._asking.selection.traffic,
                timezone=self._timezone,
            )
            inputs = read_inputs(
                self._store,
                selection,
                policy=policy,
                now=now,
                conventions=Conventions(
                    ai_labels=self._ai_labels,
                    idle_minutes=self._asking.idle_minutes,
                    statistics=self._asking.statistics,
                ),
            )
            models = _model_lines(inputs)
            effects = self._effects(selection, inputs, models)
        coverage = coverage_of(inputs)
        asking = replace(
            self._asking, selection=replace(selection, since=asked[0] or selection.since), now=now
        )
        report = Report(
            repo=slug,
            window=window,
            lag_days=lag_days,
            policy=policy,
            generated_at=now,
            inputs=inputs,
            values=measure(inputs),
            models=models,
            associations=associate(inputs.daily, lag_days=lag_days, asking=asking),
            effects=effects,
            coverage=coverage,
            notes=(
                *notes_of(window, coverage, slug),
                *((models_chosen(selection.models),) if selection.models else ()),
                *(() if asking.statistics else (without_statistics(),)),
            ),
            asking=asking,
        )
        # inside the reading of a larger report nothing may be written yet
        return report if self._store.conn.in_transaction else self._checked(report)

    def _effects(
        self, selection: Selection, inputs: MetricInputs, models: tuple[ModelLine, ...]
    ) -> EffectSizes:
        rates = _acceptance_rates(models)
        if not self._asking.statistics:
            return not_asked(rates)
        return effect_sizes(
            in_order(decided_calls(self._store.conn, selection)),
            mean_tokens=_mean_tokens(inputs),
            model_acceptance_rates=rates,
        )

    def _checked(self, report: Report) -> Report:
        if not self._asking.statistics:
            return report
        from prodlens.metrics.checking import checked

        return checked(self._store, report)

    def build_whole(
        self,
        *,
        repo: str | None,
        since: When,
        compare: Compare = "none",
        lag_days: int = 1,
        policy_models: Iterable[str] | str | None = None,
        until: When = None,
    ) -> Report:
        """Return a report with how its days went and how it compares with another time.

        Arguments as in `generate_report`; `compare` names the other time: as many weeks before, the
        same weeks of the year before, or none.
        """
        asked: dict[str, Any] = {"repo": repo, "lag_days": lag_days, "policy_models": policy_models}
        with naming_errors(self._store.path), one_state(self._store):
            report = self.build(since=since, until=until, **asked)
            report = history.with_days(self._store, report)
            if compare != "none":
                report = history.compared(
                    report,
                    compare,
                    lambda start, end: self.build(since=start, until=end, **asked),
                )
        return history.with_lags(self._store, self._checked(report))

    def _end(self, until: datetime | None, observed: Observed) -> datetime | None:
        """Return the end asked for; as of an instant, data after it are not there yet."""
        if self._as_of is None or observed.span is None:
            return until
        if observed.span[1] < local_day(self._as_of, self._zone):
            return until
        return self._as_of if until is None else min(until, self._as_of)

    def compute_effect_sizes(
        self, sessions: pd.DataFrame, pull_requests: pd.DataFrame | None = None
    ) -> dict[str, Any]:
        """Return how accepted calls differ from rejected ones; see `prodlens.metrics.frames`."""
        from prodlens.metrics import frames

        return frames.effect_sizes_of(sessions, pull_requests)

    def get_correlations_with_effect_sizes(
        self, sessions: pd.DataFrame, commits: pd.DataFrame, lag_days: int = 1
    ) -> dict[str, Any]:
        """Return correlations, effect sizes and growth; see `prodlens.metrics.frames`."""
        from prodlens.metrics import frames

        return frames.correlations_of(sessions, commits, lag_days=lag_days)

    def _known(self, slug: str) -> str:
        """Return a repository that the store knows; an empty store has nothing to compare with."""
        known = readings.known_repositories(self._store.conn)
        if slug in known or not (known or readings.has_calls(self._store.conn)):
            return slug
        raise InputError(_unknown_repository(slug, known))


def _unknown_repository(slug: str, known: list[str]) -> str:
    if not known:
        return (
            f"Nothing in this database belongs to {slug}, because no call names a repository: "
            f"ingest with --repo {slug}, or leave --repo away for a report about all calls."
        )
    named = ", ".join(known[:_NAMED])
    more = f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else ""
    return f"Nothing in this database belongs to {slug}. It knows {named}{more}."


def _first_instant(window: Window) -> datetime | None:
    """Return from when on anything counts; None is from the beginning of the data."""
    if window.opened and window.first_day is not None:
        return local_start(window.first_day, window.zone)
    return window.start


def _mean_tokens(inputs: MetricInputs) -> float | None:
    total = inputs.total
    return total.tokens / total.tokens_known if total.tokens_known else None


def _acceptance_rates(models: tuple[ModelLine, ...]) -> dict[str, float]:
    """Return the share accepted of each model that is named and of which any was decided."""
    return {
        line.model: line.acceptance.value
        for line in sorted(models, key=lambda line: line.model or "")
        if line.model is not None and line.acceptance.value is not None
    }


def _model_lines(inputs: MetricInputs) -> tuple[ModelLine, ...]:
    lines = [
        ModelLine(
            model=model, figures=figures, cost=cost_of(figures), acceptance=acceptance_of(figures)
        )
        for model, figures in inputs.models.items()
    ]
    return tuple(
        sorted(
            lines,
            key=lambda line: (-line.figures.cost_nanos, -line.figures.calls, line.model or ""),
        )
    )
