"""Makes lightgbm-schedules.json: trainings of LightGBM 4.6 whose parameters change by iteration.

Run from the repository's root: .venv/bin/python packages/api/test/schedules/make-golden.py
"""
import json
import pathlib

import lightgbm as lgb
import numpy as np

rng = np.random.default_rng(21)
ROWS, ROUNDS = 200, 5
X = np.column_stack([
    rng.permutation(ROWS), rng.integers(0, 9, ROWS), rng.integers(0, 6, ROWS)]).astype(float)
y = np.round(X[:, 0] / 50 + (X[:, 1] > 4) * 2 + (X[:, 2] == 3) + rng.normal(0, 0.3, ROWS), 3)

# the values of all iterations; those of an iteration that has none are the parameter's own
CASES = [
    {'learning_rate': [0.5, 0.4, 0.3, 0.2, 0.1]},
    {'lambda_l2': [0, 50, 500, 5, 0]},
    # no more at once: LightGBM looks no more below at a feature that cannot split a leaf
    {'lambda_l1': [0, 0, 1, 2, 3]},
    {'max_depth': [1, 2, 3, -1, -1], 'num_leaves': [4, 4, 4, 3, 7]},
    {'min_sum_hessian_in_leaf': [60, 40, 20, 5.3, 5.3]},
    {'min_gain_to_split': [0, 20, 40, 0, 1]},
    {'max_delta_step': [0, 0.25, 0.5, 0, 0], 'learning_rate': [1, 1, 1, 0.5, 0.5]},
]


def trained(schedule):
    params = {'objective': 'regression', 'num_leaves': 7, 'min_data_in_leaf': 0,
              'min_sum_hessian_in_leaf': 5.3, 'learning_rate': 0.25, 'min_data_in_bin': 1,
              'feature_pre_filter': False, 'verbosity': -1, 'num_threads': 1,
              'deterministic': True}
    booster = lgb.train(params, lgb.Dataset(X, y, params=params), ROUNDS,
                        callbacks=[lgb.reset_parameter(**schedule)])
    return {
        'schedule': schedule,
        'leaves': [tree['num_leaves'] for tree in booster.dump_model()['tree_info']],
        'predictions': [float(f'{value:.9g}') for value in booster.predict(X)],
    }


path = pathlib.Path(__file__).with_name('lightgbm-schedules.json')
path.write_text('{\n' + ',\n'.join([
    f'"X": {json.dumps(X.astype(int).tolist())}', f'"y": {json.dumps(y.tolist())}',
    '"cases": [\n' + ',\n'.join(json.dumps(trained(case)) for case in CASES) + '\n]']) + '\n}\n')
