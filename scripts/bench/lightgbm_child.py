"""A contestant: LightGBM in a process of its own. Holds one constructed Dataset and answers
requests, one JSON object a line on standard input, with one line each. README.md has the protocol.
"""
import json
import os
import sys
import time
import traceback

import lightgbm
import numpy

held = {}


def now_ms():
    return time.perf_counter() * 1000


def read(directory, name, kind):
    return numpy.fromfile(os.path.join(directory, name), dtype=kind)


def load(dir, params):
    with open(os.path.join(dir, "data.json"), encoding="utf8") as file:
        head = json.load(file)
    shape = (-1, head["nFeatures"])
    x = read(dir, "train-x.f32", "<f4").reshape(shape)
    y = read(dir, "train-y.f64", "<f8")
    weight = read(dir, "train-weight.f64", "<f8") if head["isWeighted"] else None
    held["test"] = read(dir, "test-x.f32", "<f4").reshape(shape)
    start = now_ms()
    data = lightgbm.Dataset(x, y, weight=weight, params=params,
                            categorical_feature=head["categorical"], free_raw_data=True)
    data.construct()
    bin_ms = now_ms() - start
    held["data"] = data
    return {"binMs": bin_ms, "nRows": data.num_data(), "nFeatures": data.num_feature()}


def train(params, threads):
    params = {**params, "num_threads": threads}
    n_iterations = params.pop("num_iterations")
    cpu = time.process_time()
    start = now_ms()
    booster = lightgbm.Booster(params, held["data"])
    last = now_ms()
    start_ms = last - start
    iteration_ms = []
    for _ in range(n_iterations):
        is_finished = booster.update()
        now = now_ms()
        iteration_ms.append(now - last)
        last = now
        if is_finished:
            break
    held["booster"] = booster
    return {"startMs": start_ms, "iterationMs": iteration_ms,
            "cpuMs": (time.process_time() - cpu) * 1000}


def predict(out):
    held["booster"].predict(held["test"]).astype("<f8").tofile(out)
    return {}


answers = {"load": load, "train": train, "predict": predict}

# LightGBM prints to standard output too: answers go to a copy, all else to standard error.
replies = os.fdopen(os.dup(1), "w", encoding="utf8")
os.dup2(2, 1)
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = answers[request.pop("kind")](**request)
    except Exception:  # Whatever it is, the other end has to hear of it.
        answer = {"error": traceback.format_exc()}
    replies.write(json.dumps(answer) + "\n")
    replies.flush()
