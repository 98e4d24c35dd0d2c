"""What a user of each Python library would write: Parquet files with a label of 0 and 1 to a model
file ("train"), or a model file and Parquet files to predictions ("predict"). The argument is JSON;
phases, CPU time and peak memory go to files.
"""
import json
import os
import pickle
import sys
import time

phases = {}
last = time.perf_counter()


def ended(phase):
    global last
    now = time.perf_counter()
    phases[phase] = (now - last) * 1000
    last = now


request = json.loads(sys.argv[1])
library = request["library"]
import numpy
import pandas

if library == "lightgbm":
    import lightgbm
elif library == "xgboost":
    import xgboost
elif library == "sklearn":
    import sklearn.ensemble
    from threadpoolctl import threadpool_limits
else:
    import catboost


def read(files, label):
    table = pandas.concat([pandas.read_parquet(file) for file in files], ignore_index=True)
    y = table.pop(label)
    texts = [name for name in table if not pandas.api.types.is_numeric_dtype(table[name])]
    if library != "catboost":  # which takes texts as they are
        table[texts] = table[texts].astype("category")
    return table, y, texts


def train_lightgbm(x, y, texts, params, threads):
    params = {**params, "num_threads": threads, "verbose": -1}
    n_iterations = params.pop("num_iterations")
    data = lightgbm.Dataset(x, y, params=params).construct()
    ended("bin")
    booster = lightgbm.train(params, data, n_iterations)
    ended("train")
    booster.save_model(request["model"])


def train_xgboost(x, y, texts, params, threads):
    data = xgboost.QuantileDMatrix(x, y, max_bin=255, nthread=threads, enable_categorical=True)
    ended("bin")
    booster = xgboost.train({
        "objective": "binary:logistic", "tree_method": "hist", "grow_policy": "lossguide",
        "max_depth": 0, "max_leaves": params["num_leaves"], "max_bin": 255, "reg_lambda": 0,
        "learning_rate": params["learning_rate"], "nthread": threads,
    }, data, params["num_iterations"])
    ended("train")
    booster.save_model(request["model"])


def train_sklearn(x, y, texts, params, threads):
    model = sklearn.ensemble.HistGradientBoostingClassifier(
        learning_rate=params["learning_rate"], max_iter=params["num_iterations"],
        max_leaf_nodes=params["num_leaves"], min_samples_leaf=20, early_stopping=False,
        categorical_features="from_dtype")
    with threadpool_limits(limits=threads):
        model.fit(x, y)
    ended("train")
    with open(request["model"], "wb") as file:
        pickle.dump(model, file)


def train_catboost(x, y, texts, params, threads):
    model = catboost.CatBoost({
        "loss_function": "Logloss", "iterations": params["num_iterations"],
        "learning_rate": params["learning_rate"], "grow_policy": "Lossguide",
        "max_leaves": params["num_leaves"], "depth": 16,
        "border_count": 254, "min_data_in_leaf": 20, "l2_leaf_reg": 0, "boosting_type": "Plain",
        "bootstrap_type": "No", "random_strength": 0, "leaf_estimation_iterations": 1,
        "score_function": "L2", "boost_from_average": True, "thread_count": threads,
        "allow_writing_files": False,
        "logging_level": "Silent"})
    model.fit(catboost.Pool(x, y, cat_features=texts, thread_count=threads))
    ended("train")
    model.save_model(request["model"])


def predict_lightgbm(x, threads):
    return lightgbm.Booster(model_file=request["model"]).predict(x, num_threads=threads)


def predict_xgboost(x, threads):
    booster = xgboost.Booster({"nthread": threads}, model_file=request["model"])
    for name, categories in booster.get_categories(export_to_arrow=True).to_arrow():
        if categories is not None:  # Those it has not seen are missing: it would refuse them.
            x[name] = x[name].cat.set_categories(categories.to_pylist())
    return booster.predict(xgboost.DMatrix(x, nthread=threads, enable_categorical=True))


def predict_sklearn(x, threads):
    with open(request["model"], "rb") as file:
        model = pickle.load(file)
    with threadpool_limits(limits=threads):
        return model.predict_proba(x)[:, 1]


def predict_catboost(x, threads):
    model = catboost.CatBoost().load_model(request["model"])
    return model.predict(x, prediction_type="Probability", thread_count=threads)[:, 1]


def peak_mib():
    """Of this program alone: getrusage would count the memory of what started it."""
    try:
        with open("/proc/self/status", encoding="utf8") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["VmHWM"].split()[0]) / 1024
    except (OSError, KeyError):
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1024 / (1024 if sys.platform == "darwin" else 1)


ended("start")
rows, labels, text_names = read(request["files"], request["label"])
ended("read")
if request["kind"] == "train":
    globals()[f"train_{library}"](rows, labels, text_names, request["params"], request["threads"])
    ended("save")
else:
    predicted = globals()[f"predict_{library}"](rows, request["threads"])
    ended("predict")
    numpy.save(request["out"], numpy.asarray(predicted, dtype="<f8"))
    ended("save")
with open(request["phases"], "w", encoding="utf8") as file:
    json.dump(phases, file)
with open(os.environ["COPPICE_BENCH_USAGE"], "w", encoding="utf8") as file:
    json.dump({"cpuMs": time.process_time() * 1000, "peakMib": peak_mib()}, file)
