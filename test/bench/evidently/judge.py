# Judges the columns of two Parquet files with Evidently's defaults: evidently.py <reference> <current>
import json
import resource
import sys
import time

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

reference, current = pd.read_parquet(sys.argv[1]), pd.read_parquet(sys.argv[2])
numbers = [name for name in reference.columns if pd.api.types.is_numeric_dtype(reference[name])]
definition = DataDefinition(
    numerical_columns=numbers, categorical_columns=[name for name in reference.columns if name not in numbers]
)
start_cpu, start = time.process_time(), time.perf_counter()
result = Report([DataDriftPreset()]).run(
    Dataset.from_pandas(current, data_definition=definition), Dataset.from_pandas(reference, data_definition=definition)
)
used, took = time.process_time() - start_cpu, time.perf_counter() - start
verdicts = {}
for metric in result.dict()["metrics"]:
    config = metric["config"]
    if "column" not in config or "method" not in config:
        continue
    value, threshold = float(metric["value"]), float(config["threshold"])
    is_p_value = "p_value" in config["method"]
    verdicts[config["column"]] = {
        "method": config["method"],
        "value": value,
        "drifted": value < threshold if is_p_value else value >= threshold,
    }
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"verdicts": verdicts, "cpu_s": used, "wall_s": took, "memory_mib": memory}))
