"""A contestant: XGBoost, `hist` with `lossguide`. Holds one QuantileDMatrix."""
import xgboost

from contestant import MAX_BIN, MIN_ROWS_IN_LEAF, Data, Stopwatch, answer_requests, now_ms

held = {}
objectives = {"binary": "binary:logistic", "regression": "reg:squarederror",
              "multiclass": "multi:softprob"}


def types_of(data):
    types = ["q"] * data.n_features
    for feature in data.categorical:
        types[feature] = "c"
    return types


def load(directory):
    data = Data(directory)
    start = now_ms()
    held["data"] = xgboost.QuantileDMatrix(
        data.train.x, data.train.y, weight=data.train.weight, max_bin=MAX_BIN, nthread=1,
        feature_types=types_of(data), enable_categorical=True)
    bin_ms = now_ms() - start
    data.train = None
    return data, bin_ms


def given(data, params, threads):
    """The same settings under its names. It has no fewest rows of a leaf but a least sum of
    hessians, which is the same for squared error, where every hessian is 1."""
    named = {"objective": objectives[data.objective], "tree_method": "hist",
             "grow_policy": "lossguide", "max_depth": 0, "max_leaves": params["num_leaves"],
             "max_bin": MAX_BIN, "learning_rate": params["learning_rate"], "reg_lambda": 0,
             "nthread": threads, "verbosity": 1}
    if data.objective == "regression":
        named["min_child_weight"] = MIN_ROWS_IN_LEAF
    if data.objective == "multiclass":
        named["num_class"] = data.n_classes
    return named


def train(data, params, threads):
    watch = Stopwatch()
    booster = xgboost.Booster(given(data, params, threads), [held["data"]])
    watch.started()
    for i in range(params["num_iterations"]):
        booster.update(held["data"], i)
        watch.iteration()
    held["booster"] = booster
    return watch


def predict(rows, threads):
    booster = held["booster"]
    if held.get("threads") != (booster, threads):
        booster.set_param({"nthread": threads})
        held["threads"] = (booster, threads)
    return booster.inplace_predict(rows)


answer_requests(load, train, predict)
