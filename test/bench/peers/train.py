"""Trains the model of every compared server with the packages of that server."""

import sys

import joblib
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

data = load_wine()
pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(data.data, data.target)
joblib.dump(pipeline, sys.argv[1])
