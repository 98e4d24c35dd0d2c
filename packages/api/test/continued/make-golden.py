"""Makes lightgbm-continued.json: trainings of LightGBM 4.6 that begin with a model, on other rows.

Run from the repository's root: .venv/bin/python packages/api/test/continued/make-golden.py
"""
import json
import pathlib

import lightgbm as lgb
import numpy as np

rng = np.random.default_rng(12)
ROWS = 160


def rows(shift, has_nan):
    X = np.column_stack([
        np.round(rng.normal(shift, 1, ROWS), 3), rng.integers(0, 12, ROWS),
        rng.integers(0, 5, ROWS)]).astype(float)
    signal = X[:, 0] + (X[:, 1] > 5) * 1.5 + (X[:, 2] == 3)
    if has_nan:
        X[::9, 0] = np.nan
    return X, signal + rng.normal(0, 0.3, ROWS)


def labels(objective, signal):
    if objective == 'binary':
        return (signal > 1).astype(float)
    if objective == 'multiclass':
        return (signal > 0.3).astype(float) + (signal > 1.4)
    if objective == 'poisson':
        return np.floor(np.exp(signal / 2))
    return np.round(signal * 3 + 10, 3)


# params, categorical, NaN in the first and the second data, rounds of the second training
CASES = [
    ({'objective': 'regression'}, [], True, False, 5),
    ({'objective': 'regression'}, [], False, True, 5),
    ({'objective': 'regression_l1'}, [], False, False, 5),
    ({'objective': 'regression', 'linear_tree': True}, [], False, False, 3),
    ({'objective': 'poisson'}, [], False, False, 5),
    ({'objective': 'binary', 'metric': 'binary_logloss'}, [2], True, True, 5),
    ({'objective': 'multiclass', 'num_class': 3}, [], False, False, 5),
    ({'objective': 'regression', 'early_stopping_round': 3, 'learning_rate': 0.6}, [], False, False,
     40),
]


def trained(params, categorical, first_nan, second_nan, n_rounds):
    both = dict(params, num_leaves=5, min_data_in_leaf=0, min_sum_hessian_in_leaf=3.3, min_data_in_bin=1, max_bin=255,
                cat_smooth=1, min_data_per_group=1, max_cat_to_onehot=1, verbosity=-1,
                num_threads=1, deterministic=True)
    both.setdefault('learning_rate', 0.25)
    first = {key: value for key, value in both.items() if key != 'early_stopping_round'}
    sets = [rows(0, first_nan), rows(0.5, second_nan), rows(0.2, first_nan)]
    data = [(X, labels(params['objective'], signal)) for X, signal in sets]

    def dataset(i, reference=None):
        return lgb.Dataset(*data[i], categorical_feature=categorical, params=both,
                           reference=reference, free_raw_data=False)
    begun = lgb.train(first, dataset(0), 5)
    text = begun.model_to_string()
    seen = {}
    train = dataset(1)
    booster = lgb.train(both, train, n_rounds, init_model=begun,
                        valid_sets=[dataset(2, train)], callbacks=[lgb.record_evaluation(seen)])
    return {
        'params': params, 'categorical': categorical, 'nRounds': n_rounds,
        'X': [[None if np.isnan(x) else x for x in row] for row in data[0][0].tolist()],
        'y': data[0][1].tolist(),
        'newX': [[None if np.isnan(x) else x for x in row] for row in data[1][0].tolist()],
        'newY': data[1][1].tolist(),
        'validX': [[None if np.isnan(x) else x for x in row] for row in data[2][0].tolist()],
        'validY': data[2][1].tolist(),
        'begun': text,
        'nTrees': booster.num_trees(),
        'bestIteration': booster.best_iteration,
        # of the rows of validation, by iteration of the second training
        'metric': next(iter(seen['valid_0'].values())),
        'raw': booster.predict(data[2][0], raw_score=True, num_iteration=-1).ravel().tolist(),
    }


def rounded(value):
    if isinstance(value, float):
        return float(f'{value:.9g}')
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return {key: rounded(item) for key, item in value.items()} if isinstance(value, dict) else value


path = pathlib.Path(__file__).with_name('lightgbm-continued.json')
path.write_text('[\n' + ',\n'.join(
    json.dumps(rounded(trained(*case)), separators=(',', ':')) for case in CASES) + '\n]\n')
