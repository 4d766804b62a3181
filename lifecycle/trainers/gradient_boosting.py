"""Gradient boosting of scikit-learn. The parameters are those of GradientBoostingRegressor."""

from sklearn.ensemble import GradientBoostingRegressor


class Trainer:
    def train(self, x, y, *, params, seed):
        return GradientBoostingRegressor(**params, random_state=seed).fit(x, y)
