"""Which records have to be decided about together: connected groups over their ties, in Spark.

Knows no record, only ties. Every tie begins with a label of its own; each record pulls its ties to
the smallest label among them, until nothing moves. Rounds: half the longest chain of records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def grouped(records: DataFrame) -> DataFrame:
    """Return records with a column `label` that is equal within a group and differs between them.

    Args:
        records: With a column `ties`, arrays of at least one bigint.
    """
    from pyspark.sql import functions as f

    several = records.where(f.size("ties") > 1).select("ties").distinct()
    edges = several.select(f.xxhash64("ties").alias("record"), f.explode("ties").alias("tie"))
    edges = edges.localCheckpoint()
    labels = _settled(edges)
    alone = records.withColumn("tie", f.col("ties")[0])
    return alone.join(labels, "tie", "left").withColumn("label", f.coalesce("label", "tie"))


def _settled(edges: DataFrame) -> DataFrame:
    """Return the label of every tie that shares a record with others."""
    from pyspark.sql import functions as f

    labels = edges.select("tie", f.col("tie").alias("label")).distinct().localCheckpoint()
    while True:
        lowest = edges.join(labels, "tie").groupBy("record").agg(f.min("label").alias("low"))
        moved = edges.join(lowest, "record").groupBy("tie").agg(f.min("low").alias("label"))
        moved = moved.localCheckpoint()
        before = labels.select("tie", f.col("label").alias("before"))
        if moved.join(before, "tie").where("label < before").isEmpty():
            return moved
        labels = moved
