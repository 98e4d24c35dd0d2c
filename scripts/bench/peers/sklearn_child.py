"""A contestant: HistGradientBoosting of scikit-learn. It bins the rows in every training, and tells
nobody of its iterations but what it prints: the prints are stamped with the time.
"""
import contextlib
import io
import re

from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from contestant import MAX_BIN, MIN_ROWS_IN_LEAF, Data, Stopwatch, answer_requests, now_ms

held = {"limits": None, "threads": None}


def use_threads(threads):
    """For good: setting them takes milliseconds."""
    if held["threads"] != threads:
        held["limits"] = threadpool_limits(limits=threads)
        held["threads"] = threads



class Prints(io.TextIOBase):
    """Stamps "[3/100] ", with which an iteration begins, and " in ", with which it ends."""

    def __init__(self, watch):
        self.watch = watch

    def write(self, text):
        if re.match(r"\[\d+/\d+\] ", text):
            if self.watch.iteration_ms:
                self.watch.last = now_ms()
            else:
                self.watch.started()
        elif re.search(r", in \d", text):
            self.watch.iteration()
        return len(text)


def load(directory):
    return Data(directory), None


def estimator(data, params):
    kind = (HistGradientBoostingRegressor if data.objective == "regression"
            else HistGradientBoostingClassifier)
    return kind(learning_rate=params["learning_rate"], max_iter=params["num_iterations"],
                max_leaf_nodes=params["num_leaves"], max_bins=MAX_BIN,
                min_samples_leaf=MIN_ROWS_IN_LEAF, early_stopping=False, verbose=2,
                categorical_features=data.categorical or None)


def train(data, params, threads):
    model = estimator(data, params)
    use_threads(threads)
    watch = Stopwatch()
    with contextlib.redirect_stdout(Prints(watch)):
        model.fit(data.train.x, data.train.y, sample_weight=data.train.weight)
    if len(watch.iteration_ms) != params["num_iterations"]:
        raise RuntimeError(f"{len(watch.iteration_ms)} iterations were seen in what "
                           f"scikit-learn printed, {params['num_iterations']} were asked for")
    held["model"] = model
    return watch


def predict(rows, threads):
    model = held["model"]
    use_threads(threads)
    if not hasattr(model, "predict_proba"):
        return model.predict(rows)
    probabilities = model.predict_proba(rows)
    return probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities


answer_requests(load, train, predict)
