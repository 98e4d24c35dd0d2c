"""Makes lightgbm-cv.json: a cross-validation of LightGBM 4.6 whose folds begin with a model.

Run from the repository's root: .venv/bin/python packages/api/test/continued/make-cv-golden.py
"""
import json
import pathlib

import lightgbm as lgb
import numpy as np

rng = np.random.default_rng(21)
ROWS = 120


def rows():
    X = np.column_stack([rng.integers(0, 25, ROWS), rng.integers(0, 12, ROWS)]).astype(float)
    return X, ((X[:, 0] + 2 * X[:, 1] + rng.normal(0, 6, ROWS)) > 24).astype(float)


PARAMS = {'objective': 'binary', 'metric': 'binary_logloss', 'learning_rate': 0.25, 'num_leaves': 5,
          'min_data_in_leaf': 0, 'min_sum_hessian_in_leaf': 2.3, 'min_data_in_bin': 1,
          'verbosity': -1, 'num_threads': 1, 'deterministic': True, 'feature_pre_filter': False}

old, new = rows(), rows()
begun = lgb.train(PARAMS, lgb.Dataset(*old, params=PARAMS), 4)
folds = [(np.flatnonzero(np.arange(ROWS) % 3 != k), np.flatnonzero(np.arange(ROWS) % 3 == k))
         for k in range(3)]
CASES = [({}, 6), ({'early_stopping_round': 4, 'learning_rate': 0.9}, 40)]
cases = []
for extra, n_rounds in CASES:
    result = lgb.cv({**PARAMS, **extra}, lgb.Dataset(*new, params=PARAMS, free_raw_data=False),
                    n_rounds, folds=folds, init_model=begun)
    cases.append({'params': extra, 'nRounds': n_rounds,
                  'mean': result['valid binary_logloss-mean'],
                  'stdv': result['valid binary_logloss-stdv']})
golden = {'X': new[0].tolist(), 'y': new[1].tolist(), 'begun': begun.model_to_string(),
          'cases': cases}
path = pathlib.Path(__file__).with_name('lightgbm-cv.json')
path.write_text(json.dumps(golden, separators=(',', ':')) + '\n')
