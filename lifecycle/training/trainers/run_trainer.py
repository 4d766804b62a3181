"""Runs the class Trainer of a file and writes its estimator as ONNX. Reads its job as JSON from standard input."""

import importlib.util
import json
import platform
import sys
from pathlib import Path

import numpy as np
import onnx
import skl2onnx
import sklearn
from skl2onnx.common.data_types import FloatTensorType

job = json.load(sys.stdin)
spec = importlib.util.spec_from_file_location("trainer", job["trainer"])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

x = np.array(job["x"], dtype=np.float64)
estimator = module.Trainer().train(x, np.array(job["y"], dtype=np.float64), params=job["params"], seed=job["seed"])
graph = skl2onnx.to_onnx(
    estimator,
    initial_types=[("X", FloatTensorType([None, x.shape[1]]))],
    # A name of its own would differ each time.
    name="model",
    target_opset=18,
)
Path(job["model"]).write_bytes(graph.SerializeToString(deterministic=True))
probe = np.array(job["probe"], dtype=np.float64).reshape(-1, x.shape[1])
answer = {
    "predictions": estimator.predict(probe).tolist() if len(probe) else [],
    "environment": {
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "onnx": onnx.__version__,
        "skl2onnx": skl2onnx.__version__,
    },
}
Path(job["answer"]).write_text(json.dumps(answer))
