"""Median milliseconds of a model called directly: decode, predict, encode.

direct.py <folder of the model> <file of its FileDescriptorSet> <doubles> <calls>
"""

import os
import statistics
import sys
import time
from pathlib import Path

folder, descriptors, size, calls = sys.argv[1:]

from modelyard._messages import Messages  # noqa: E402

messages = Messages(Path(descriptors).read_bytes()).as_module("messages")
os.chdir(folder)
sys.path.insert(0, folder)

from model import Sums  # noqa: E402

model = Sums.__new__(Sums)
model.note = ""
body = messages.SumsRequest(action="add", values=[i / 7 for i in range(int(size))]).SerializeToString()


def call() -> float:
    before = time.perf_counter()
    model.predict(messages.SumsRequest.FromString(body), None).SerializeToString()
    return time.perf_counter() - before


for _ in range(int(calls) // 4):
    call()
print(statistics.median(call() for _ in range(int(calls))) * 1000)
