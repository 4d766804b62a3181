"""Trains the model, measures it, and writes it for scikit-learn and as ONNX. See README.md."""

import json
from pathlib import Path

import joblib
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDER = Path(__file__).parent
ONNX_FILE = FOLDER.parent / "wine_onnx" / "model.onnx"

data = load_wine()
labels = data.target_names[data.target]
train_x, test_x, train_y, test_y = train_test_split(data.data, labels, test_size=0.25, random_state=0, stratify=labels)

pipeline = make_pipeline(StandardScaler(), LogisticRegression())
folds = cross_validate(pipeline, train_x, train_y, cv=5, scoring=["accuracy", "neg_log_loss"])
pipeline.fit(train_x, train_y)
metrics = {
    "rows": {"train": len(train_x), "test": len(test_x)},
    "cross_validated": {
        "accuracy": round(float(folds["test_accuracy"].mean()), 4),
        "log_loss": round(-float(folds["test_neg_log_loss"].mean()), 4),
    },
    "test": {"accuracy": round(float(pipeline.score(test_x, test_y)), 4)},
}

joblib.dump(pipeline, FOLDER / "model.joblib")
# Doubles: with floats, the answers differ from scikit-learn's by up to 1e-5.
features = [("X", DoubleTensorType([None, len(data.feature_names)]))]
graph = to_onnx(pipeline, initial_types=features, options={"zipmap": False}, target_opset=18)
ONNX_FILE.write_bytes(graph.SerializeToString())
(FOLDER / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
print(json.dumps(metrics))
