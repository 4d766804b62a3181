"""Asks for online features by the request model of Feast, and reads the answer by its response models."""

import json
import sys
import urllib.request

from feast import ValueType, proto_json
from feast.feature_server import GetOnlineFeaturesRequest
from feast.online_response import OnlineResponse
from feast.protos.feast.serving.ServingService_pb2 import GetOnlineFeaturesResponse
from feast.type_map import python_values_to_proto_values
from google.protobuf.json_format import MessageToDict, ParseDict

URL = sys.argv[1]
# The JSON of Feast's server: plain lists and values.
proto_json.patch()
CSV = "meter,at,power,place\n1,2026-01-01T00:00:00Z,12.5,north\n2,2026-01-01T00:00:00Z,,south\n"


def call(method, path, body, content_type="application/json"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": content_type}
    with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers, method=method)) as answer:
        return json.load(answer)


call("POST", "/datasets/loads/files?name=loads.csv", CSV.encode(), "text/csv")
view = {"entities": ["meter"], "source": {"dataset": "loads"}, "timestamp": "at", "features": ["power", "place"]}
call("PUT", "/feature-views/load", view)
call("POST", "/feature-views/load/materialize", {})

features = ["load:power", "load:place"]
request = GetOnlineFeaturesRequest(entities={"meter": [1, 2, 3]}, features=features, full_feature_names=False)
answer = call("POST", "/get-online-features", request.model_dump(exclude_none=True))

# As Feast's own client does: protobuf takes no null in a list of messages.
message = ParseDict({"metadata": answer["metadata"]}, GetOnlineFeaturesResponse())
for result in answer["results"]:
    vector = message.results.add()
    vector.values.extend(python_values_to_proto_values(result["values"], ValueType.UNKNOWN))
    ParseDict({"statuses": result["statuses"], "event_timestamps": result["event_timestamps"]}, vector)
response = OnlineResponse(message).to_dict()
assert response == {"meter": [1, 2, 3], "power": [12.5, None, None], "place": ["north", "south", None]}, response
statuses = {
    name: [result["statuses"][row] for row in range(3)]
    for name, result in zip(answer["metadata"]["feature_names"], answer["results"])
}
assert statuses["power"] == ["PRESENT", "NULL_VALUE", "NOT_FOUND"], statuses
# What Feast writes of the message is what was answered.
assert MessageToDict(message, preserving_proto_field_name=True)["metadata"] == answer["metadata"]
print("Feast's models accept the request and the answer:", response)
