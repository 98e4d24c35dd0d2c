"""Makes lightgbm-percentiles.json: short trainings of LightGBM 4.6.0 whose leaves are percentiles.

Run from the repository's root: .venv/bin/python packages/api/test/percentiles/make-golden.py
"""
import json
import pathlib

import lightgbm as lgb
import numpy as np

rng = np.random.default_rng(11)
ROWS = 240
# no two rows have the same features: LightGBM orders ties by where rows are in a leaf
X = np.column_stack([
    rng.permutation(ROWS), rng.integers(0, 9, ROWS), rng.integers(0, 4, ROWS)]).astype(float)
signal = X[:, 0] / 60 + np.where(X[:, 1] > 4, 2.5, -1) * (1 + (X[:, 2] == 2))
labels = {
    'number': np.round(signal * 4 + rng.standard_t(2, ROWS) * 3, 3),
    'tied': np.round(signal + rng.standard_normal(ROWS)),
    'small': np.round(np.exp(signal / 2 - 2) * rng.gamma(2, 0.5, ROWS), 3),
}
weights = {
    'none': None,
    'halves': rng.integers(1, 9, ROWS) / 2,
    'fractions': np.round(rng.uniform(0.05, 0.9, ROWS), 3),
}
METRICS = ['l1', 'quantile', 'mape']
CASES = [
    ('number', 'none', {'objective': 'regression_l1'}),
    ('number', 'halves', {'objective': 'regression_l1'}),
    ('number', 'fractions', {'objective': 'regression_l1'}),
    ('tied', 'none', {'objective': 'regression_l1'}),
    ('tied', 'halves', {'objective': 'regression_l1', 'learning_rate': 0.5}),
    ('number', 'none', {'objective': 'regression_l1', 'boost_from_average': False}),
    ('number', 'none', {'objective': 'regression_l1', 'learning_rate': 1}),
    ('number', 'none', {'objective': 'quantile', 'alpha': 0.5}),
    ('number', 'none', {'objective': 'quantile', 'alpha': 0.875}),
    ('number', 'halves', {'objective': 'quantile', 'alpha': 0.25}),
    ('tied', 'fractions', {'objective': 'quantile', 'alpha': 0.75}),
    ('small', 'none', {'objective': 'mape'}),
    ('number', 'none', {'objective': 'mape'}),
    # not with weights: there LightGBM takes the first row's hessian for that of all
]


def trained(label, weight, params):
    common = dict(params, num_leaves=7, min_data_in_leaf=0, min_sum_hessian_in_leaf=4.7,
                  max_bin=255, min_data_in_bin=1, verbosity=-1, num_threads=1, deterministic=True)

    def data():
        return lgb.Dataset(X, labels[label], weight=weights[weight],
                           params={'min_data_in_bin': 1, 'max_bin': 255})
    seen = {}
    train = data()
    booster = lgb.train(dict(common, metric=METRICS), train, 3, valid_sets=[train],
                        valid_names=['train'], callbacks=[lgb.record_evaluation(seen)])
    first = lgb.train(dict(common, learning_rate=1e-12), data(), 1)
    return {
        'label': label, 'weight': weight, 'params': params,
        # the scores of a model of no use: what LightGBM starts from
        'baseScore': first.predict(X[:1], raw_score=True)[0],
        'features': [feature for tree in booster.dump_model()['tree_info']
                     for feature in splits(tree['tree_structure'])],
        'predictions': booster.predict(X).tolist(),
        'metrics': {name: values[-1] for name, values in seen['train'].items()},
    }


def splits(node):
    if 'split_feature' not in node:
        return []
    return [node['split_feature']] + splits(node['left_child']) + splits(node['right_child'])


golden = {
    'lightgbm': lgb.__version__,
    'X': X.astype(int).tolist(),
    'labels': {name: values.tolist() for name, values in labels.items()},
    'weights': {name: None if values is None else values.tolist()
                for name, values in weights.items()},
    'cases': [trained(*case) for case in CASES],
}


def rounded(value):
    if isinstance(value, float):
        return float(f'{value:.9g}')
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return {key: rounded(item) for key, item in value.items()} if isinstance(value, dict) else value


path = pathlib.Path(__file__).with_name('lightgbm-percentiles.json')
path.write_text('{\n' + ',\n'.join(
    f'"{key}": ' + (('[\n' + ',\n'.join(json.dumps(case) for case in rounded(value)) + '\n]')
                    if key == 'cases' else json.dumps(value))
    for key, value in golden.items()) + '\n}\n')
