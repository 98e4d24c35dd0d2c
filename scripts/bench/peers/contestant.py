"""What the Python contestants have in common: the protocol (README.md), the data set and clocks."""
import json
import os
import sys
import time
import traceback

import numpy

# What LightGBM is given to bin with, and what the others' names for it get.
MAX_BIN = 255
MIN_ROWS_IN_LEAF = 20


def now_ms():
    return time.perf_counter() * 1000


def read(directory, name, kind):
    return numpy.fromfile(os.path.join(directory, name), dtype=kind)


class Part:
    """Rows of a data set: `x` a float32 matrix, C order, or a CSR matrix of ones."""

    def __init__(self, directory, head, name):
        self.y = read(directory, f"{name}-y.f64", "<f8")
        shape = (len(self.y), head["nFeatures"])
        if head["isSparse"]:
            from scipy.sparse import csr_matrix
            indices = read(directory, f"{name}-indices.i32", "<i4")
            starts = read(directory, f"{name}-starts.i32", "<i4")
            ones = numpy.ones(len(indices), dtype=numpy.float32)
            self.x = csr_matrix((ones, indices, starts), shape=shape)
        else:
            self.x = read(directory, f"{name}-x.f32", "<f4").reshape(shape)
        self.weight = (read(directory, f"{name}-weight.f64", "<f8")
                       if head["isWeighted"] else None)


class Data:
    """What writeData of data-files.mjs wrote."""

    def __init__(self, directory):
        with open(os.path.join(directory, "data.json"), encoding="utf8") as file:
            head = json.load(file)
        self.objective = head["objective"]
        self.n_classes = head["nClasses"]
        self.n_features = head["nFeatures"]
        self.categorical = head["categorical"]
        self.train = Part(directory, head, "train")
        self.test = Part(directory, head, "test")


class Stopwatch:
    """Times of a training: before the first iteration, of each, and of the CPU."""

    def __init__(self):
        self.cpu = time.process_time()
        self.start = self.last = now_ms()
        self.start_ms = 0
        self.iteration_ms = []

    def started(self):
        self.last = now_ms()
        self.start_ms = self.last - self.start

    def iteration(self):
        now = now_ms()
        self.iteration_ms.append(now - self.last)
        self.last = now

    def answer(self):
        return {"startMs": self.start_ms, "iterationMs": self.iteration_ms,
                "cpuMs": (time.process_time() - self.cpu) * 1000}


def answer_requests(load, train, predict, more=None):
    """Answers standard input until it ends.

    load(directory, **extra) returns (data, bin_ms), train(data, params, threads) a Stopwatch and
    predict(rows, threads) an array: probabilities of class 1, of every class, or values. `more` has
    answers to other kinds of requests, by kind.
    """
    held = {}

    def on_load(dir, **extra):
        held["data"], bin_ms = load(dir, **extra)
        return {"binMs": bin_ms}

    def on_train(params, threads):
        return train(held["data"], params, threads).answer()

    def on_predict(out):
        numpy.asarray(predict(held["data"].test.x, 1)).astype("<f8").tofile(out)
        return {}

    def on_time_batch(threads):
        cpu = time.process_time()
        start = now_ms()
        predict(held["data"].test.x, threads)
        return {"ms": now_ms() - start, "cpuMs": (time.process_time() - cpu) * 1000}

    def on_time_rows(rows):
        x = held["data"].test.x
        times = []
        for row in range(rows):
            one = x[row % len(x):row % len(x) + 1]
            start = now_ms()
            predict(one, 1)
            times.append(now_ms() - start)
        return {"rowMs": times}

    answers = {"load": on_load, "train": on_train, "predict": on_predict,
               "time-batch": on_time_batch, "time-rows": on_time_rows, **(more or {})}
    # Libraries print to standard output: answers go to a copy, all else to standard error.
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
