"""Settings that change for a block are as before it afterwards, also after an error."""

from __future__ import annotations

import pytest

from spark_jobs.runtime.temporary_settings import temporary_settings

KNOWN, NEW = "spark.sql.shuffle.partitions", "spark.databricks.delta.commitInfo.userMetadata"


def test_settings_are_changed_within_the_block_and_restored_after_an_error(spark):
    seen = []

    def fail():
        with temporary_settings(spark, {KNOWN: "7", NEW: "told"}):
            seen.extend([spark.conf.get(KNOWN), spark.conf.get(NEW)])
            raise KeyError

    before = spark.conf.get(KNOWN)
    with pytest.raises(KeyError):
        fail()
    assert seen == ["7", "told"]
    assert spark.conf.get(KNOWN) == before
    assert spark.conf.get(NEW, None) is None
