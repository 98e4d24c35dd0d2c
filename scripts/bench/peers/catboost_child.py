"""A contestant: CatBoost, plain boosting with `Lossguide`. Holds one Pool, quantised where that
is possible apart from training: not with categories.
"""
import catboost
import numpy
import pandas

from contestant import MIN_ROWS_IN_LEAF, Data, Stopwatch, answer_requests, now_ms

held = {}
BORDERS = 254
losses = {"binary": "Logloss", "regression": "RMSE", "multiclass": "MultiClass"}


def rows_of(data, x):
    """Categories have to be integers, so that rows with some are a table, not a matrix."""
    if not data.categorical:
        return x
    return pandas.DataFrame({feature: x[:, feature].astype(numpy.int32)
                             if feature in data.categorical else x[:, feature]
                             for feature in range(data.n_features)}, copy=False)


def load(directory):
    data = Data(directory)
    part = data.train
    held["data"] = data
    start = now_ms()
    pool = catboost.Pool(rows_of(data, part.x), part.y, weight=part.weight,
                         cat_features=data.categorical, thread_count=1)
    bin_ms = None
    if not data.categorical:
        pool.quantize(border_count=BORDERS)
        bin_ms = now_ms() - start
    held["pool"] = pool
    data.train = None
    data.test.x = rows_of(data, data.test.x)
    return data, bin_ms


def train(data, params, threads):
    # the default of squared error, and of the others; classes cannot have it
    options = {} if data.objective == "multiclass" else {"boost_from_average": True}
    watch = Stopwatch()

    class Watch:
        def after_iteration(self, info):
            watch.iteration()
            return True

    model = catboost.CatBoost({
        "loss_function": losses[data.objective], "iterations": params["num_iterations"],
        "learning_rate": params["learning_rate"], "grow_policy": "Lossguide",
        "max_leaves": params["num_leaves"], "depth": 16, "border_count": BORDERS,
        "min_data_in_leaf": MIN_ROWS_IN_LEAF, "l2_leaf_reg": 0, "boosting_type": "Plain",
        "bootstrap_type": "No", "random_strength": 0, "leaf_estimation_iterations": 1,
        "score_function": "L2", "thread_count": threads, "allow_writing_files": False,
        "logging_level": "Silent", **options})
    model.fit(held["pool"], callbacks=[Watch()])
    held["model"] = model
    return watch


def predict(rows, threads):
    model = held["model"]
    if held["data"].objective == "regression":
        return model.predict(rows, thread_count=threads)
    found = model.predict(rows, prediction_type="Probability", thread_count=threads)
    return found[:, 1] if held["data"].objective == "binary" else found


answer_requests(load, train, predict)
