"""Owns formats that other packages add: finding them, and keeping their faults to themselves.

A package names its adapter under the entry-point group `prodlens.sources`; see
`docs/how-to/write-a-source.md`. What such a package does wrong is named in a warning and costs
its own records only. Knows no format and no store.

Source: packaging.python.org, "Entry points specification".
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

from prodlens.schemas import CanonicalTrace, Outcome, Reject, RejectReason

if TYPE_CHECKING:
    import importlib.metadata
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

GROUP: Final = "prodlens.sources"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_OUTCOMES: Final = get_args(Outcome)
_LONGEST_REASON: Final = 200

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """What the packages of this environment add.

    Attributes:
        adapters: Their adapters, by name in order.
        broken: Why an entry point gives none, by the name it was to have.
    """

    adapters: tuple[ThirdParty, ...]
    broken: dict[str, str]


class ThirdParty:
    """An adapter of another package, which can't stop the reading of other records.

    An exception from it is logged once, by its class alone since its text may hold a record. From
    `matches`, it switches the adapter off; from `read`, it sets the record aside.

    Attributes:
        name: Name of the format.
    """

    def __init__(self, name: str, adapter: Any, package: str) -> None:
        self.name = name
        self._adapter = adapter
        self._package = package
        self._off = False
        self._told: set[str] = set()

    def matches(self, record: Mapping[str, Any], /) -> bool:
        """Return what the adapter says; False when it fails, now and from now on."""
        if self._off:
            return False
        try:
            return bool(self._adapter.matches(record))
        except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
            self._off = True
            self._tell("matches", error)
            return False

    def read(self, record: Mapping[str, Any], /, *, now: datetime) -> Iterator[Outcome]:
        """Yield what the adapter reads; a record it fails on is set aside."""
        try:
            outcomes = list(self._adapter.read(record, now=now))
        except Exception as error:  # noqa: BLE001 - as above
            self._tell("read", error)
            outcomes = [None]
        for outcome in outcomes:
            if not isinstance(outcome, _OUTCOMES):
                yield Reject(RejectReason.BAD_FIELD, None, {"format": self.name})
            elif isinstance(outcome, CanonicalTrace) and outcome.source == "direct":
                yield dataclasses.replace(outcome, source=self.name)
            else:
                yield outcome

    def _tell(self, method: str, error: Exception) -> None:
        if method not in self._told:
            self._told.add(method)
            log.warning(
                "Trace format %s of package %s: %s raised %s.",
                self.name,
                self._package,
                method,
                type(error).__name__,
            )


@functools.cache
def found(taken: frozenset[str]) -> Found:
    """Return the adapters that the packages of this environment add.

    Looked for once; each one that can't be had is named in a warning.

    Args:
        taken: Names that no package may use.
    """
    adapters: dict[str, ThirdParty] = {}
    broken: dict[str, str] = {}
    for point in sorted(_entry_points(), key=lambda point: (point.name, point.value)):
        package = point.dist.name if point.dist is not None else point.value
        adapter, why = _loaded(point, taken | adapters.keys())
        if why is None:
            adapters[adapter.name] = ThirdParty(adapter.name, adapter, package)
            continue
        broken[point.name] = f"trace format {point.name!r} of package {package}: {why}"
        log.warning("Left out %s.", broken[point.name])
    return Found(tuple(adapters[name] for name in sorted(adapters)), broken)


def _entry_points() -> Iterable[importlib.metadata.EntryPoint]:
    import importlib.metadata

    return importlib.metadata.entry_points(group=GROUP)


def _loaded(point: importlib.metadata.EntryPoint, taken: frozenset[str]) -> tuple[Any, str | None]:
    """Return what an entry point names, and what is wrong with it."""
    try:
        adapter = point.load()
    except Exception as error:  # noqa: BLE001 - importing a stranger's module may raise anything
        return None, f"it can't be loaded ({type(error).__name__}: {_first_line(error)})"
    return adapter, _fault(adapter, taken)


def _fault(adapter: Any, taken: frozenset[str]) -> str | None:
    """Return what keeps an object from being an adapter, None when nothing does."""
    name = getattr(adapter, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return "its `name` is not of lower-case letters, digits and underscores"
    if name in taken:
        return f"its `name` {name!r} is taken"
    missing = [part for part in ("matches", "read") if not callable(getattr(adapter, part, None))]
    return f"it has no method {missing[0]!r}" if missing else None


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0][:_LONGEST_REASON] if lines else "no message"
