"""Owns which models a policy allows: patterns, and what of a model's name they compare.

Knows no call and no store.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prodlens.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

_DATE_SUFFIX: Final = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2})$")
"""`-20250929` (Anthropic) and `-2024-08-06` (OpenAI) name a release of the same model."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Models that a team's policy allows; without patterns there is no policy.

    Attributes:
        patterns: Globs as they were given.
    """

    patterns: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is a policy at all."""
        return bool(self.patterns)

    def allows(self, model: str) -> bool:
        """Return whether a model matches any pattern, whatever its provider, date and case.

        >>> Policy(("anthropic/claude-3-sonnet",)).allows("claude-3-sonnet-20240229")
        True
        """
        names = _comparable(model)
        return any(
            fnmatch.fnmatchcase(name, glob)
            for pattern in self.patterns
            for glob in _comparable(pattern)
            for name in names
        )


def parse_policy(patterns: Iterable[str] | str | None) -> Policy:
    """Return the policy that some patterns describe; None and no pattern are no policy.

    Args:
        patterns: Globs on model names (`claude-*`), with or without a provider prefix.

    Raises:
        InputError: A pattern is blank, or its only content is a provider, which isn't compared.
    """
    given = [patterns] if isinstance(patterns, str) else sorted(set(patterns or ()))
    for pattern in given:
        if not pattern.strip():
            raise InputError("A policy pattern is blank: name a model, such as claude-*.")
        if "/" in pattern and not pattern.rpartition("/")[2].strip("*?"):
            raise InputError(
                f"The policy pattern {pattern!r} would allow every model, because providers are "
                "not compared: name models, such as claude-*."
            )
    return Policy(tuple(pattern.strip() for pattern in given))


def _comparable(name: str) -> frozenset[str]:
    """Return the forms of a name that are compared: without prefix, and without date too."""
    from prodlens.pricing.names import normalise_model

    plain = normalise_model(name).model.lower()
    return frozenset((plain, _DATE_SUFFIX.sub("", plain)))
