"""A Spark of this computer for tests: a real JVM, two cores."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

_JAVA_IS_A_MUST = "PRODLENS_JAVA_IS_A_MUST" in os.environ
QUIET = (
    "ignore:PySpark does not yet:FutureWarning",
    "ignore:unclosed:ResourceWarning",
)
"""Warnings of Spark's own that tests must let pass."""


@contextlib.contextmanager
def local_spark() -> Iterator[SparkSession]:
    """Yield a session; skip the tests that need it when there is no Java, unless it is a must."""
    from prodlens.lake.spark_engine import spark_session

    if not _JAVA_IS_A_MUST and shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("no Java: install one, version 17 or newer")
    with spark_session("local[2]") as spark:
        yield spark
