"""Errors come whole out of another process."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from prodlens.errors import CompressionError, StoreCorruptError

if TYPE_CHECKING:
    from prodlens.errors import ProdLensError


@pytest.mark.parametrize(
    "error",
    [
        CompressionError("The gzip data end early.", truncated=True),
        CompressionError("The gzip data are damaged.", truncated=False),
        StoreCorruptError("cache.db is damaged."),
    ],
)
def test_an_error_survives_pickling(error: ProdLensError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
