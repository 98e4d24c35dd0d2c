"""A contestant: LightGBM. Holds one constructed Dataset."""
import lightgbm

from contestant import Data, Stopwatch, answer_requests, now_ms

held = {}


def load(directory, params):
    data = Data(directory)
    start = now_ms()
    held["data"] = lightgbm.Dataset(
        data.train.x, data.train.y, weight=data.train.weight, params=params,
        categorical_feature=data.categorical, free_raw_data=True)
    held["data"].construct()
    bin_ms = now_ms() - start
    data.train = None
    return data, bin_ms


def train(data, params, threads):
    params = {**params, "num_threads": threads}
    n_iterations = params.pop("num_iterations")
    watch = Stopwatch()
    booster = lightgbm.Booster(params, held["data"])
    watch.started()
    for _ in range(n_iterations):
        is_finished = booster.update()
        watch.iteration()
        if is_finished:
            break
    held["booster"] = booster
    return watch


def predict(rows, threads):
    return held["booster"].predict(rows, num_threads=threads)


answer_requests(load, train, predict)
