"""LightGBM, trained on data sets that writeParityData wrote: a request, one JSON object a line on
standard input, has the folder, parameters and the file for its predictions of the held-out rows.
"""
import json
import os
import pathlib
import sys
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "bench" / "peers"))

import lightgbm
import numpy

from contestant import Data, read


def beside(directory, name, kind):
    return read(directory, name, kind) if os.path.exists(os.path.join(directory, name)) else None


def in_files(directory, params):
    """What LightGBM reads from files only comes as it is."""
    for name in ("forcedsplits_filename", "forcedbins_filename"):
        if name not in params:
            continue
        file = os.path.join(directory, name + ".json")
        with open(file, "w", encoding="utf8") as out:
            json.dump(params[name], out)
        params = {**params, name: file}
    return params


def answer(dir, params, out):
    data = Data(dir)
    params = {**in_files(dir, params), "verbose": -1}
    n_iterations = params.pop("num_iterations")
    init_score = beside(dir, "train-init.f64", "<f8")
    rows = lightgbm.Dataset(
        data.train.x, data.train.y, weight=data.train.weight, init_score=init_score,
        group=beside(dir, "train-group.i32", "<i4"), params=params,
        categorical_feature=data.categorical, free_raw_data=False)
    booster = lightgbm.train(params, rows, n_iterations)
    predicted = booster.predict(data.test.x, raw_score=init_score is not None)
    numpy.asarray(predicted).astype("<f8").tofile(out)
    return {}


replies = os.fdopen(os.dup(1), "w", encoding="utf8")
# It prints to standard output whatever its verbosity.
os.dup2(2, 1)
for line in sys.stdin:
    try:
        reply = answer(**json.loads(line))
    except Exception:  # Whatever it is, the other end has to hear of it.
        reply = {"error": traceback.format_exc()}
    replies.write(json.dumps(reply) + "\n")
    replies.flush()
