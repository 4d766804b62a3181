"""Joins labels with values by Feast's file store, and prints its seconds of processor time, the values it found and its MiB."""

import resource
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64, Int64

labels_path, values_path = sys.argv[1:]


def seconds():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


with tempfile.TemporaryDirectory() as folder:
    config = RepoConfig(
        project="bench", provider="local", registry=str(Path(folder) / "registry.db"), entity_key_serialization_version=3
    )
    store = FeatureStore(config=config)
    meter = Entity(name="meter", join_keys=["meter"], value_type=ValueType.INT64)
    view = FeatureView(
        name="load",
        entities=[meter],
        ttl=timedelta(days=1),
        schema=[Field(name="meter", dtype=Int64), Field(name="power", dtype=Float64)],
        source=FileSource(path=values_path, timestamp_field="at"),
    )
    store.apply([meter, view])
    labels = pd.read_parquet(labels_path)
    labels["event_timestamp"] = labels["event_timestamp"].dt.tz_localize("UTC")
    before = seconds()
    answer = store.get_historical_features(entity_df=labels, features=["load:power"]).to_df()
    used = seconds() - before
    print(used, answer["power"].notna().sum(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
