"""Makes golden/*.txt and golden/*.json: small models of LightGBM 4.6 and what they predict.

    .venv/bin/python packages/model/test/lightgbm/make_golden.py

Rows hold null for NaN. `raw` and `prediction` are row-major doubles as Python writes them, which
is exactly. LightGBM reads |x| <= 1e-35 as 0 before its trees see it, so rows have no such x but 0.
"""

import json
import os

import lightgbm as lgb
import numpy as np
import pandas as pd

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden')
N_TRAIN, N_TEST = 400, 60
rng = np.random.default_rng(20250101)


def numbers(n, nan=0.0, zeros=0.0):
    X = np.round(rng.normal(size=(n, 4)), 3)
    X[rng.random(X.shape) < zeros] = 0
    X[rng.random(X.shape) < nan] = np.nan
    return X


def target(X):
    Z = np.nan_to_num(X, nan=1.0)
    return Z[:, 0] * 2 + np.sin(3 * Z[:, 1]) + (Z[:, 2] > 0.3) * Z[:, 3] + rng.normal(size=len(X)) / 5


def edges(X, booster):
    """Rows at the thresholds, infinities and missing values."""
    X = X.copy()
    thresholds = [float(t) for line in booster.model_to_string().split('\n')
                  if line.startswith('threshold=') for t in line[10:].split()]
    thresholds = [t for t in thresholds if abs(t) > 2e-35][:20]
    specials = [np.nan, 0.0, -0.0, np.inf, -np.inf] + thresholds
    for i in range(len(X) // 2):
        X[i, rng.integers(X.shape[1])] = specials[rng.integers(len(specials))]
    return X


def save(name, booster, X, rows=None):
    booster.save_model(os.path.join(OUT, name + '.txt'))
    raw, prediction = (np.asarray(booster.predict(X, raw_score=r)).ravel() for r in (True, False))
    given = rows if rows is not None else X
    cells = [[None if isinstance(x, float) and np.isnan(x) else x for x in row]
             for row in (given.tolist() if hasattr(given, 'tolist') else given)]
    with open(os.path.join(OUT, name + '.json'), 'w') as file:
        lines = ['"rows": [\n' + ',\n'.join(json.dumps(row) for row in cells) + '\n]',
                 '"raw": ' + json.dumps([None if np.isnan(x) else float(x) for x in raw]),
                 '"prediction": ' + json.dumps([float(x) for x in prediction])]
        # JSON has no infinities.
        text = '{\n' + ',\n'.join(lines) + '\n}\n'
        file.write(text.replace('-Infinity', '-1e999').replace('Infinity', '1e999'))


def fit(params, X, y, rounds=4, **more):
    base = dict(verbose=-1, num_threads=1, num_leaves=7, min_data_in_leaf=8, seed=7,
                deterministic=True)
    data = lgb.Dataset(X, y, **more)
    return lgb.train({**base, **params}, data, rounds)


def simple(name, params, label=lambda y: y, nan=0.0, zeros=0.0, **more):
    X = numbers(N_TRAIN, nan, zeros)
    booster = fit(params, X, label(target(X)), **more)
    save(name, booster, edges(numbers(N_TEST, nan, zeros), booster))


simple('regression', {})
simple('missing-nan', {}, nan=0.2)
simple('missing-zero', {'zero_as_missing': True}, nan=0.1, zeros=0.3)
simple('missing-off', {'use_missing': False}, nan=0.2)
simple('monotone', {'monotone_constraints': [1, 0, 0, -1]})
simple('binary', {'objective': 'binary', 'sigmoid': 1.5}, lambda y: (y > 0) * 1.0, nan=0.1)
simple('multiclass', {'objective': 'multiclass', 'num_class': 3},
       lambda y: np.digitize(y, [-1, 1]), nan=0.1)
simple('multiclassova', {'objective': 'multiclassova', 'num_class': 3, 'sigmoid': 0.7},
       lambda y: np.digitize(y, [-1, 1]))
simple('lambdarank', {'objective': 'lambdarank'}, lambda y: np.digitize(y, [-1, 0, 1]),
       group=[20] * (N_TRAIN // 20))
forest = {'boosting': 'rf', 'bagging_freq': 1, 'bagging_fraction': 0.7}
simple('rf', forest, nan=0.1)
simple('rf-binary', {**forest, 'objective': 'binary'}, lambda y: (y > 0) * 1.0)
simple('rf-multiclass', {**forest, 'objective': 'multiclass', 'num_class': 3},
       lambda y: np.digitize(y, [-1, 1]))
simple('dart', {'boosting': 'dart', 'drop_rate': 0.9, 'skip_drop': 0.0}, rounds=6)
simple('linear-tree', {'linear_tree': True}, nan=0.1, zeros=0.1)
simple('quantile', {'objective': 'quantile', 'alpha': 0.3})
simple('regression-sqrt', {'reg_sqrt': True})
simple('poisson', {'objective': 'poisson'}, lambda y: np.floor(np.abs(y)))
simple('tweedie', {'objective': 'tweedie'}, np.abs)
simple('cross-entropy', {'objective': 'cross_entropy'}, lambda y: 1 / (1 + np.exp(-y)))
simple('cross-entropy-lambda', {'objective': 'cross_entropy_lambda'},
       lambda y: 1 / (1 + np.exp(-y)))
simple('custom', {'objective': lambda p, data: (p - data.get_label(), np.ones(len(p)))})
simple('constant', {}, lambda y: np.full(len(y), 0.1), rounds=2)

# The same features with and without missing values: trees of both kinds.
X = numbers(N_TRAIN)
first = fit({}, X, target(X))
X = numbers(N_TRAIN, nan=0.2)
booster = lgb.train({'verbose': -1, 'num_leaves': 7, 'num_threads': 1},
                    lgb.Dataset(X, target(X)), 3, init_model=first)
save('missing-mixed', booster, edges(numbers(N_TEST, nan=0.1), booster))


def categories(n, unseen=False):
    X = np.column_stack([rng.normal(size=n).round(3), rng.integers(0, 60, n), rng.integers(0, 3, n)])
    X = X.astype(float)
    if unseen:
        for i in range(0, n, 2):
            X[i, 1 + i // 2 % 2] = [-1, -0.5, 2.7, 77, 1e9, np.nan, 31.999, 1e300, -7][i // 2 % 9]
    return X


by_category = {'min_data_per_group': 5, 'cat_smooth': 1, 'min_data_in_leaf': 5}
effects = rng.normal(size=60)
X = categories(N_TRAIN)
y = X[:, 0] / 2 + effects[X[:, 1].astype(int)] + (X[:, 2] == 1)
booster = fit(by_category, X, y, categorical_feature=[1, 2])
# What is beyond an int has no defined category in C++.
rows = categories(N_TEST, True)
rows[np.abs(rows) > 2e9] = 2e9
save('categorical', booster, rows)


def frame(n, unseen=False):
    colors = rng.choice(['red', 'green', 'blue', 'é'], n)
    sizes = rng.choice([10, 2, 3], n)
    X = pd.DataFrame({'x': rng.normal(size=n).round(3),
                      'color': pd.Categorical(colors, categories=['red', 'é', 'blue', 'green']),
                      'size': pd.Categorical(sizes, categories=[3, 10, 2])})
    if unseen:
        X['color'] = X['color'].cat.add_categories('new')
        X.loc[::5, 'color'] = 'new'
        X.loc[1::5, 'color'] = np.nan
    return X


X = frame(N_TRAIN)
y = X.x / 3 + X.color.map({'red': 1, 'green': -1, 'blue': 2, 'é': 0}).astype(float) + (X['size'] == 10)
booster = fit(by_category, X, y)
X = frame(N_TEST, True)
save('pandas', booster, X, [[x, None if isinstance(c, float) else c, s] for x, c, s in
                            zip(X.x.tolist(), X.color.tolist(), X['size'].tolist())])
