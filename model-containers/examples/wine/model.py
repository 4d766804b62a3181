import joblib
from messages import WineRequest, WineResponse
from modelyard import InvalidInput, Model

FEATURES = [field.name for field in WineRequest.DESCRIPTOR.fields]


class Wine(Model):
    def setup(self) -> None:
        self.pipeline = joblib.load("model.joblib")
        self.classes = [str(name) for name in self.pipeline.classes_]

    def predict(self, request: WineRequest) -> WineResponse:
        row = [getattr(request, name) for name in FEATURES]
        if min(row) < 0:
            raise InvalidInput("No measurement of a wine is negative.")
        [probabilities] = self.pipeline.predict_proba([row])
        cultivar = self.classes[probabilities.argmax()]
        return WineResponse(cultivar=cultivar, probabilities=dict(zip(self.classes, probabilities, strict=True)))
