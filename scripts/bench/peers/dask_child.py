"""A contestant: LightGBM on Dask, a scheduler and workers in processes of this machine. Holds the
training rows in the workers' memory and answers requests, one JSON object a line on standard input,
with one line each. README.md has the protocol.
"""
import json
import os
import sys
import tempfile
import time
import traceback
import warnings

import dask.array
import distributed
import lightgbm
import numpy

held = {}

# Its own default: the threads of a worker are told by the worker.
warnings.filterwarnings("ignore", message="Parameter n_jobs will be ignored")

# What the estimators call the parameters of the requests.
estimator_names = {"num_iterations": "n_estimators", "min_data_in_leaf": "min_child_samples"}


def now_ms():
    # One clock for all processes of the machine.
    return time.monotonic() * 1000


class Stamps:
    """A callback: writes down when iterations began, or ended, on the worker where it runs."""

    order = 0

    def __init__(self, folder, before_iteration):
        self.folder = folder
        self.before_iteration = before_iteration
        self.times = []

    def __call__(self, env):
        self.times.append(now_ms())
        if env.iteration == env.end_iteration - 1:
            kind = "begin" if self.before_iteration else "end"
            with open(os.path.join(self.folder, f"{kind}-{os.getpid()}"), "w") as file:
                json.dump(self.times, file)


def read_rows(directory, name, kind, first, end, width):
    """Rows [first, end) of a raw file, width values each."""
    size = numpy.dtype(kind).itemsize
    values = numpy.fromfile(os.path.join(directory, name), dtype=kind,
                            count=(end - first) * width, offset=first * width * size)
    return values.reshape(-1, width) if width > 1 else values


def held_by_workers(client, directory, name, kind, width, bounds):
    """A raw file as a Dask array, whose chunks are dealt to the workers in turns of half."""
    workers = sorted(client.scheduler_info(n_workers=-1)["workers"])
    chunks = len(bounds) - 1
    parts = []
    for i in range(chunks):
        future = client.submit(read_rows, directory, name, kind, bounds[i], bounds[i + 1], width,
                               workers=[workers[i * len(workers) // chunks]], pure=False)
        rows = bounds[i + 1] - bounds[i]
        shape = (rows, width) if width > 1 else (rows,)
        parts.append(dask.array.from_delayed(future, shape=shape, dtype=kind))
    array = dask.array.concatenate(parts).persist()
    distributed.wait(array)
    return array


def load(dir, workers, bounds):
    with open(os.path.join(dir, "data.json"), encoding="utf8") as file:
        head = json.load(file)
    start = now_ms()
    cluster = distributed.LocalCluster(n_workers=workers, threads_per_worker=1, processes=True,
                                       dashboard_address=None)
    client = distributed.Client(cluster)
    width = head["nFeatures"]
    held.update(
        cluster=cluster, client=client, categorical=head["categorical"],
        x=held_by_workers(client, dir, "train-x.f32", "<f4", width, bounds),
        y=held_by_workers(client, dir, "train-y.f64", "<f8", 1, bounds),
        test=numpy.fromfile(os.path.join(dir, "test-x.f32"), dtype="<f4").reshape(-1, width))
    return {"binMs": now_ms() - start}


def read_stamps(folder):
    """Begins and ends of the iterations on the worker that ended last."""
    def read(name):
        with open(os.path.join(folder, name), encoding="utf8") as file:
            return json.load(file)

    ends = {name[4:]: read(name) for name in os.listdir(folder) if name.startswith("end-")}
    pid = max(ends, key=lambda each: ends[each][-1])
    return read(f"begin-{pid}"), ends[pid]


def train(params, threads):
    options = {estimator_names.get(name, name): value for name, value in params.items()}
    kind = lightgbm.DaskLGBMClassifier if params["objective"] == "binary" \
        else lightgbm.DaskLGBMRegressor
    model = kind(client=held["client"], tree_learner="data", **options)
    with tempfile.TemporaryDirectory() as folder:
        start = now_ms()
        model.fit(held["x"], held["y"], categorical_feature=held["categorical"] or "auto",
                  callbacks=[Stamps(folder, True), Stamps(folder, False)])
        fit_ms = now_ms() - start
        begins, ends = read_stamps(folder)
    held["model"] = model
    last = [begins[0], *ends]
    return {"startMs": begins[0] - start, "details": {"fitMs": fit_ms},
            "iterationMs": [after - before for before, after in zip(last, ends)]}


def predict(out):
    held["model"].to_local().booster_.predict(held["test"]).astype("<f8").tofile(out)
    return {}


def main():
    answers = {"load": load, "train": train, "predict": predict}
    # LightGBM tells of its ports on standard output, whatever its verbosity: answers go to a copy.
    replies = os.fdopen(os.dup(1), "w", encoding="utf8")
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = answers[request.pop("kind")](**request)
        except Exception:  # Whatever it is, the other end has to hear of it.
            answer = {"error": traceback.format_exc()}
        replies.write(json.dumps(answer) + "\n")
        replies.flush()
    if "client" in held:
        held["client"].close()
        held["cluster"].close()


if __name__ == "__main__":
    main()
