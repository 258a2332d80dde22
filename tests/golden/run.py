"""Runs the golden cases of a folder: ``python run.py DIR``."""

from __future__ import annotations

import importlib.util
import json
import runpy
import sys
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if importlib.util.find_spec("prodlens") is None:  # run from a checkout without installing it
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from prodlens.stats import (
    assignment,
    association,
    cuped,
    effect,
    experiment,
    growth,
    monitoring,
    multiplicity,
    panel,
    power,
    proportions,
    series,
    srm,
    survey,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

METRICS = Path(__file__).resolve().parents[1] / "unit" / "metrics" / "golden_report_metrics.py"


@dataclass(frozen=True, slots=True)
class Case:
    """One input with the output it must give."""

    file_id: str
    name: str
    given: dict[str, Any]
    expected: dict[str, Any]
    tolerance: dict[str, float]

    @property
    def function(self) -> str:
        return self.file_id.rpartition("/")[2]


def load(folder: Path) -> Iterator[Case]:
    """Yield every case of every JSON file of a folder, in order of file names."""
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        for case in document["cases"]:
            tolerance = case.get("tolerance", document["tolerance"])
            yield Case(document["id"], case["name"], case["input"], case["expected"], tolerance)


def check(case: Case) -> list[str]:
    """Return what is wrong with our result of a case; nothing when it passes."""
    got = ADAPTERS[case.function](case.given)
    return [
        problem
        for key, wanted in case.expected.items()
        for problem in _differences(key, got.get(key, "nothing"), wanted, case.tolerance)
    ]


def main(folder: str) -> int:
    """Print a line per case (or per file that is skipped) and return the exit code."""
    failed, skipped = 0, set()
    for case in load(Path(folder)):
        if case.function not in ADAPTERS:
            if case.file_id not in skipped:
                sys.stdout.write(f"SKIP {case.file_id}\n")
                skipped.add(case.file_id)
                failed += 1
            continue
        try:
            problems = check(case)
        except (ArithmeticError, KeyError, TypeError, ValueError) as error:
            problems = [f"raised {error!r}"]
        failed += bool(problems)
        verdict = "FAIL" if problems else "PASS"
        why = f": {'; '.join(problems)}" if problems else ""
        sys.stdout.write(f"{verdict} {case.file_id} {case.name}{why}\n")
    return 1 if failed else 0


def _differences(key: str, got: Any, wanted: Any, tolerance: dict[str, float]) -> list[str]:
    if isinstance(wanted, dict) and isinstance(got, dict) and got.keys() == wanted.keys():
        return [
            problem
            for name, value in wanted.items()
            for problem in _differences(f"{key}.{name}", got[name], value, tolerance)
        ]
    if isinstance(wanted, list) and isinstance(got, (list, tuple)) and len(got) == len(wanted):
        return [
            problem
            for place, (one, other) in enumerate(zip(got, wanted, strict=True))
            for problem in _differences(f"{key}[{place}]", one, other, tolerance)
        ]
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        allowed = tolerance["abs"] + tolerance["rel"] * abs(wanted)
        is_number = isinstance(got, (int, float)) and not isinstance(got, bool)
        same = is_number and abs(got - wanted) <= allowed
    else:
        same = got == wanted and type(got) is type(wanted)
    return [] if same else [f"{key} is {got!r}, not {wanted!r}"]


def _only(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def _lagged(given: dict[str, Any]) -> dict[str, Any]:
    names = ("x", "y", "start_weekday", "lag", "nonworking_days", "weekend")
    return asdict(association.lagged_association(**_only(given, *names)))


def _lag_alignment(given: dict[str, Any]) -> dict[str, Any]:
    def dated(counts: dict[str, float]) -> dict[date, float]:
        return {date.fromisoformat(day): count for day, count in counts.items()}

    pairs = series.lag_pairs(
        dated(given["x"]),
        dated(given["y"]),
        since=date.fromisoformat(given["start"]),
        until=date.fromisoformat(given["end"]),
        lag=given["lag"],
        missing_coverage=[date.fromisoformat(day) for day in given.get("missing_coverage", [])],
    )
    return {"pairs": pairs, "n": len(pairs)}


def _cohens_d(given: dict[str, Any]) -> dict[str, Any]:
    if "d" in given:
        return {"bands": [effect.band_of_d(d) for d in given["d"]]}
    return asdict(effect.standardized_difference(**_only(given, "a", "b", "conf")))


def _p_adjust(given: dict[str, Any]) -> dict[str, Any]:
    methods: tuple[multiplicity.Method, ...] = ("bh", "by", "holm", "bonferroni")
    return {method: multiplicity.adjust_pvalues(given["p"], method) for method in methods}


def _arm(given: dict[str, Any]) -> experiment.ArmSums:
    return experiment.ArmSums(given["n"], given["sum"], given.get("sum_squares"))


def _ab_summary(given: dict[str, Any]) -> dict[str, Any]:
    options = _only(given, "difference", "alpha")
    return asdict(experiment.summary_test(_arm(given["a"]), _arm(given["b"]), **options))


def _sequential(given: dict[str, Any]) -> dict[str, Any]:
    options = _only(given, "difference", "alpha", "n_opt")
    return asdict(experiment.confidence_sequence(_arm(given["a"]), _arm(given["b"]), **options))


def _cuped_summary(given: dict[str, Any]) -> dict[str, Any]:
    arms = [
        cuped.ArmMoments(_arm(arm["post"]), _arm(arm["pre"]), arm["cross"])
        for arm in (given["a"], given["b"])
    ]
    result = cuped.cuped_from_sums(*arms, **_only(given, "difference", "alpha"))
    return {"theta": result.theta, **asdict(result.test)}


def _panel(given: dict[str, Any]) -> dict[str, Any]:
    columns = _only(given, "developer", "day", "x", "y", "lag", "conf")
    return asdict(panel.panel_association(**columns))


def _power(given: dict[str, Any]) -> dict[str, Any]:
    levels = _only(given, "alpha", "power")
    if "n_per_group" in given and "d" in given:
        return {"power": power.power_two_sample(given["n_per_group"], given["d"], **levels)}
    if "n_per_group" in given:
        return {"d": power.detectable_d(given["n_per_group"], **levels)}
    if "d" in given:
        return {"n_per_group": power.units_per_group(given["d"], **levels)}
    if "n" in given:
        return {"r": power.detectable_r(given["n"], controls=given.get("k", 0), **levels)}
    return {"n": power.pairs_for_r(given["r"], **levels)}


def _assignment(given: dict[str, Any]) -> dict[str, Any]:
    if "seed" in given:
        return {"bucket": assignment.hash_v2(given["seed"], given["value"])}
    if "ranges" in given:
        return {"variation": assignment.choose_variation(given["n"], given["ranges"])}
    coverage = 1.0 if given.get("coverage") is None else given["coverage"]
    weights = given.get("weights")
    return {"ranges": assignment.bucket_ranges(given["num_variations"], coverage, weights)}


def _ewma(given: dict[str, Any]) -> dict[str, Any]:
    chart = monitoring.ewma(limit=given["L"], **_only(given, "x", "mean", "sd", "lam"))
    return asdict(chart)


def _report_metrics(given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = runpy.run_path(str(METRICS))["report_metrics"](given)
    return found


def _nps(given: dict[str, Any]) -> dict[str, Any]:
    return asdict(survey.nps_from_scores(**given) if "scores" in given else survey.nps(**given))


ADAPTERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "ab_summary_ttest": _ab_summary,
    "assignment_hash": _assignment,
    "cliffs_delta": lambda given: asdict(effect.cliffs_delta(**given)),
    "cohens_d": _cohens_d,
    "csat": lambda given: asdict(survey.csat(**given)),
    "cuped": lambda given: asdict(cuped.cuped(**given)),
    "cuped_summary": _cuped_summary,
    "cusum": lambda given: asdict(monitoring.cusum(**given)),
    "ewma": _ewma,
    "lag_alignment": _lag_alignment,
    "lagged_association": _lagged,
    "newcombe": lambda given: asdict(proportions.risk_difference(**given)),
    "nps": _nps,
    "p_adjust": _p_adjust,
    "panel_fe": _panel,
    "pearson": lambda given: asdict(association.pearson(**given)),
    "power": _power,
    "ratio_metric": lambda given: asdict(experiment.ratio_metric_ab(**given)),
    "ratio_of_means": lambda given: asdict(effect.ratio_of_means(**given)),
    "report_metrics": _report_metrics,
    "robust_z": lambda given: asdict(monitoring.robust_z(**given)),
    "sequential": _sequential,
    "session_growth": lambda given: asdict(growth.session_growth(given["daily"])),
    "spearman": lambda given: asdict(association.spearman(**given)),
    "srm": lambda given: asdict(srm.srm(**given)),
    "welch_t": lambda given: asdict(experiment.welch_t(**given)),
    "wilson": lambda given: asdict(proportions.wilson(**given)),
}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: run.py DIR")
    sys.exit(main(sys.argv[1]))
