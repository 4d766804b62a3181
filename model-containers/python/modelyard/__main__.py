"""The model process: ``python -m modelyard <folder of the model>``. An instance starts it."""

import sys

from ._process import run

run(sys.argv[1])
