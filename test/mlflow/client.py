"""Uses a stock MLflow client: logs, searches, registers, sets aliases and downloads. Argument: the tracking URI."""

import math
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.linear_model import Ridge

mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()


def refused(code, call):
    try:
        call()
    except MlflowException as error:
        assert error.error_code == code, error
        return
    raise AssertionError(f"The call was not refused with {code}.")


def log():
    with mlflow.start_run(run_name="one") as run:
        mlflow.log_params({"alpha": 0.5, "a b": "x"})
        for step in range(5):
            mlflow.log_metric("rmse", 5 - step, step=step)
        mlflow.log_metrics({"nan": math.nan, "infinite": math.inf})
        mlflow.set_tag("team", "blue")
        notes = Path(tempfile.mkdtemp()) / "notes.txt"
        notes.write_text("hello é")
        mlflow.log_artifact(str(notes))
        mlflow.log_artifact(str(notes), "deep/er")
    with mlflow.start_run(run_name="two"):
        mlflow.log_param("alpha", 0.9)
        mlflow.log_metric("rmse", 9)
    seen = client.get_run(run.info.run_id)
    assert seen.data.params == {"alpha": "0.5", "a b": "x"}, seen.data.params
    assert seen.data.metrics["rmse"] == 1 and seen.data.metrics["infinite"] == math.inf
    assert math.isnan(seen.data.metrics["nan"])
    assert [each.value for each in client.get_metric_history(run.info.run_id, "rmse")] == [5, 4, 3, 2, 1]
    refused("INVALID_PARAMETER_VALUE", lambda: client.log_param(run.info.run_id, "alpha", "7"))
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_run("unknown"))
    return run.info.run_id


def search(experiment):
    def names(filter_string, **options):
        return [run.info.run_name for run in client.search_runs([experiment], filter_string, **options)]

    assert names("metrics.rmse < 2") == ["one"]
    assert names("metrics.rmse > 0 and params.alpha = '0.9'") == ["two"]
    assert names("tags.team LIKE 'bl%'") == ["one"]
    assert names('params."a b" = \'x\'') == ["one"]
    assert names("attributes.status = 'FINISHED'", order_by=["metrics.rmse DESC"]) == ["two", "one"]
    page = client.search_runs([experiment], max_results=1)
    assert len(client.search_runs([experiment], max_results=1, page_token=page.token)) == 1
    assert mlflow.search_runs([experiment]).shape[0] == 2


def download(run):
    assert sorted(each.path for each in client.list_artifacts(run)) == ["deep", "notes.txt"]
    assert [each.path for each in client.list_artifacts(run, "deep/er")] == ["deep/er/notes.txt"]
    folder = client.download_artifacts(run, "")
    assert (Path(folder) / "deep/er/notes.txt").read_text() == "hello é"


def register():
    x = np.random.default_rng(0).random((20, 3))
    estimator = Ridge(0.1).fit(x, x @ [1, 2, 3])
    with mlflow.start_run(run_name="model") as run:
        mlflow.sklearn.log_model(estimator, name="model", registered_model_name="firms")
    client.set_registered_model_alias("firms", "champion", "1")
    assert client.get_model_version_by_alias("firms", "champion").version == "1"
    loaded = mlflow.pyfunc.load_model("models:/firms@champion")
    assert np.allclose(loaded.predict(x), estimator.predict(x))
    client.set_model_version_tag("firms", "1", "stage", "prod")
    assert [each.version for each in client.search_model_versions("name='firms'")] == ["1"]
    assert [each.version for each in client.search_model_versions("tags.stage='prod'")] == ["1"]
    assert [each.name for each in client.search_registered_models("name LIKE 'fir%'")] == ["firms"]
    assert str(mlflow.register_model(f"runs:/{run.info.run_id}/model", "firms").version) == "2"
    client.rename_registered_model("firms", "companies")
    assert client.get_model_version("companies", "1").tags == {"stage": "prod"}
    client.delete_registered_model_alias("companies", "champion")
    client.delete_registered_model("companies")


def delete(run, experiment):
    client.delete_run(run)
    assert all(each.info.run_id != run for each in client.search_runs([experiment]))
    client.restore_run(run)
    client.delete_experiment(experiment)
    assert [each.name for each in mlflow.search_experiments() if each.name == "firms"] == []


mlflow.set_experiment("firms")
EXPERIMENT = mlflow.get_experiment_by_name("firms").experiment_id
RUN = log()
print("Logged parameters, metrics, tags and artifacts.")
search(EXPERIMENT)
print("Searched runs by metrics, parameters, tags and attributes.")
download(RUN)
print("Downloaded artifacts.")
register()
print("Registered versions, set and followed aliases, and loaded a model by its alias.")
delete(RUN, EXPERIMENT)
print("Deleted and restored.")
