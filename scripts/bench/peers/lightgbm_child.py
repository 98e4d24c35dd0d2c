"""A contestant: LightGBM. Holds one constructed Dataset."""
import lightgbm

from contestant import Data, Stopwatch, answer_requests, now_ms

held = {}
# as `lightgbmData` of contestants.mjs
defaults = {"max_bin": 255, "min_data_in_leaf": 20, "min_data_in_bin": 3, "verbose": -1}


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


def time_binning(dir, threads):
    data = Data(dir)
    start = now_ms()
    lightgbm.Dataset(
        data.train.x, data.train.y, weight=data.train.weight,
        params={**defaults, "num_threads": threads},
        categorical_feature=data.categorical, free_raw_data=True).construct()
    return {"binMs": now_ms() - start}


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


answer_requests(load, train, predict, {"bin": time_binning})
