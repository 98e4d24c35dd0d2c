"""Makes lightgbm-constraints.json: short trainings of LightGBM 4.6.0 whose trees keep rules.

Left out is where LightGBM differs by design or mistake: it never looks at a feature again below a
leaf that it could not split (with few leaves that shows nowhere), and after the first use of a
feature it adds cegb_penalty_feature_coupled to gains that it was not taken from.

Run from the repository's root: .venv/bin/python packages/api/test/constraints/make-golden.py
"""
import json
import pathlib
import tempfile

import lightgbm as lgb
import numpy as np

rng = np.random.default_rng(11)
ROWS = 400
X = rng.integers(0, 12, size=(ROWS, 5)).astype(float)
X[:, 4] = np.round(rng.standard_normal(ROWS), 1)
MISSING = X.copy()
MISSING[rng.random(ROWS) < 0.15, 1] = np.nan
signal = (np.sin(X[:, 0] / 2) + X[:, 0] / 6 - X[:, 1] / 7 + np.where(X[:, 2] > 5, 0.8, -0.4)
          + 0.3 * X[:, 4] * (X[:, 3] > 6))
y = np.round(signal + rng.standard_normal(ROWS) * 0.6, 2)
FORCED = {'feature': 3, 'threshold': 6.5, 'left': {'feature': 0, 'threshold': 2},
          'right': {'feature': 1, 'threshold': 7.5, 'right': {'feature': 2, 'threshold': 4.5}}}
BOUNDS = [{'feature': 4, 'bin_upper_bound': [-1.05, -0.3, 0.55, 1.2]},
          {'feature': 0, 'bin_upper_bound': [7.5, 3.25]}, {'feature': 1, 'bin_upper_bound': [40]}]
USELESS = {'feature': 2, 'threshold': 5.5, 'left': {'feature': 2, 'threshold': 8},
           'right': {'feature': 0, 'threshold': 3.5}}

MONOTONE = {'monotone_constraints': [1, -1, 0, 0, 1]}
CASES = [
    ('plain', MONOTONE),
    ('plain', dict(MONOTONE, lambda_l1=0.5, min_gain_to_split=0.1)),
    ('plain', dict(MONOTONE, lambda_l1=0.5, lambda_l2=2, num_leaves=5)),
    ('plain', dict(MONOTONE, max_delta_step=0.4, num_leaves=5)),
    ('missing', MONOTONE),
    ('plain', dict(MONOTONE, monotone_penalty=0.7)),
    ('plain', dict(MONOTONE, monotone_penalty=1.5)),
    ('plain', dict(MONOTONE, monotone_penalty=2)),
    ('plain', dict(MONOTONE, monotone_constraints_method='intermediate')),
    ('missing', dict(MONOTONE, monotone_constraints_method='intermediate', num_leaves=24)),
    ('plain', dict(MONOTONE, monotone_constraints_method='intermediate', monotone_penalty=1.2)),
    ('plain', dict(monotone_constraints=[1, 0, 0, 0, 0], num_leaves=8,
                   monotone_constraints_method='advanced')),
    ('plain', dict(monotone_constraints=[1, 0, 0, 0, 0], num_leaves=16,
                   monotone_constraints_method='advanced')),
    ('plain', dict(MONOTONE, monotone_constraints_method='advanced')),
    ('plain', {'interaction_constraints': [[0, 1], [2, 3]]}),
    ('plain', {'interaction_constraints': [[0, 1, 2], [2, 4], [3]]}),
    ('plain', {'path_smooth': 10}),
    ('missing', {'path_smooth': 1.5, 'lambda_l2': 1}),
    ('plain', dict(MONOTONE, path_smooth=4)),
    ('plain', {'feature_contri': [0.5, 1, 0.2, 1, 2]}),
    ('plain', {'feature_contri': [0, 1, 1, 1, 1], 'min_gain_to_split': 0.3}),
    ('plain', {'forcedsplits_filename': FORCED}),
    ('missing', {'forcedsplits_filename': FORCED}),
    ('plain', {'forcedsplits_filename': USELESS}),
    ('plain', {'cegb_penalty_split': 0.002}),
    ('plain', {'max_bin_by_feature': [3, 5, 12, 4, 20]}),
    ('missing', {'max_bin_by_feature': [3, 5, 12, 4, 9], 'max_bin': 9}),
    ('plain', {'max_bin': 6, 'forcedbins_filename': BOUNDS}),
    ('missing', {'max_bin': 9, 'forcedbins_filename': BOUNDS}),
    ('plain', {'max_bin': 4, 'forcedbins_filename': BOUNDS}),
    ('plain', {'forcedbins_filename': BOUNDS, 'min_data_in_bin': 12}),
    ('plain', {'cegb_tradeoff': 0.5, 'cegb_penalty_split': 0.001, 'num_leaves': 5,
               'cegb_penalty_feature_coupled': [4, 9, 0, 30, 8]}),
    ('plain', {'cegb_penalty_feature_coupled': [50, 10, 20, 0, 0]}),
    ('plain', {'cegb_penalty_feature_lazy': [0.05, 0.02, 0.1, 0, 0.004]}),
    ('missing', {'cegb_tradeoff': 0.4, 'cegb_penalty_feature_lazy': [0.3, 0.05, 0.02, 0.01, 0.1],
                 'cegb_penalty_split': 0.001}),
    ('plain', dict(MONOTONE, cegb_penalty_feature_lazy=[0.02, 0.02, 0.02, 0.02, 0.02],
                   path_smooth=2)),
]


def trained(data, params):
    values = {'plain': X, 'missing': MISSING}[data]
    common = dict({'num_leaves': 12}, **params, objective='regression', min_data_in_leaf=5,
                  verbosity=-1, num_threads=1, deterministic=True, seed=1)
    common.setdefault('min_data_in_bin', 1)
    with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        for name in ('forcedsplits_filename', 'forcedbins_filename'):
            if name in params:
                json.dump(params[name], file)
                file.flush()
                common[name] = file.name
        booster = lgb.train(common, lgb.Dataset(values, y, params=common), 5)
        trees = booster.dump_model()['tree_info']
    predicted = booster.predict(values)
    return {
        'data': data, 'params': params,
        'nLeaves': [tree['num_leaves'] for tree in trees],
        'loss': float(np.mean((predicted - y) ** 2)),
        'predictions': [round(value, 9) for value in predicted[:40].tolist()],
    }


golden = {
    'lightgbm': lgb.__version__,
    'X': X.tolist(),
    'missing': [None if np.isnan(value) else value for value in MISSING[:, 1]],
    'y': y.tolist(),
    'cases': [trained(*case) for case in CASES],
}
path = pathlib.Path(__file__).with_name('lightgbm-constraints.json')
path.write_text('{\n' + ',\n'.join(
    f'"{key}": ' + (('[\n' + ',\n'.join(json.dumps(case) for case in value) + '\n]')
                    if key == 'cases' else json.dumps(value))
    for key, value in golden.items()) + '\n}\n')
