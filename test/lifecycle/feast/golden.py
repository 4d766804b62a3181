"""Writes golden.json: labels, feature rows, and what Feast joins to them. Run it in an environment with `feast`."""

import json
import random
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64, Int64

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
TTL = timedelta(hours=6)
random.seed(7)


def minutes(count):
    return START + timedelta(minutes=count)


# Feast does not say which of two values with the same event wins, so each event is there once.
feature_rows = [
    {
        "meter": meter,
        "at": minutes(at),
        "recorded": minutes(at + random.choice([0, 0, 15, 90, 700])),
        "power": round(random.random() * 100, 3),
        "count": random.randrange(1000),
    }
    for meter in range(1, 9)
    for at in sorted(random.sample(range(0, 2880, 10), 50))
]
# Feast keeps one of several labels with the same key and time.
label_keys = random.sample([(meter, at) for meter in range(1, 11) for at in range(0, 3200, 5)], 400)
label_rows = [{"meter": meter, "event_timestamp": minutes(at), "label": index} for index, (meter, at) in enumerate(label_keys)]

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "features.parquet"
    pd.DataFrame(feature_rows).to_parquet(path)
    store = FeatureStore(
        config=RepoConfig(project="golden", provider="local", registry=str(Path(folder) / "registry.db"), entity_key_serialization_version=3)
    )
    meter = Entity(name="meter", join_keys=["meter"], value_type=ValueType.INT64)
    view = FeatureView(
        name="load",
        entities=[meter],
        ttl=TTL,
        schema=[Field(name="meter", dtype=Int64), Field(name="power", dtype=Float64), Field(name="count", dtype=Int64)],
        source=FileSource(path=str(path), timestamp_field="at", created_timestamp_column="recorded"),
    )
    store.apply([meter, view])
    features = ["load:power", "load:count"]
    labels = pd.DataFrame(label_rows)
    answer = store.get_historical_features(entity_df=labels, features=features).to_df()
    known = store.get_historical_features(entity_df=labels, features=features, filter_by_created_timestamp=True).to_df()


def values(answer):
    return [
        {"label": int(row.label), "power": None if pd.isna(row.power) else float(row.power), "count": None if pd.isna(row["count"]) else int(row["count"])}
        for _, row in answer.sort_values("label").iterrows()
    ]


def plain(rows):
    return [
        {key: value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value for key, value in row.items()} for row in rows
    ]


golden = {
    "feast": __import__("feast").__version__,
    "ttl_seconds": TTL.total_seconds(),
    "features": plain(feature_rows),
    "labels": plain(label_rows),
    "answer": values(answer),
    "known": values(known),
}
Path(sys.argv[1]).write_text(json.dumps(golden, separators=(",", ":")))
