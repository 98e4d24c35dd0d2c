"""
Makes lightgbm-refit.json: models of LightGBM 4.6, other rows, and what Booster.refit makes of both.

    .venv/bin/python packages/api/test/refit/make-golden.py
"""
import json
import pathlib

import lightgbm as lgb
import numpy as np

rng = np.random.default_rng(11)
fixed = {'verbosity': -1, 'num_threads': 1, 'deterministic': True, 'force_row_wise': True,
         'num_leaves': 6, 'min_data_in_leaf': 5, 'learning_rate': 0.2}


def labels(objective, X):
    score = X[:, 0] + X[:, 1] * X[:, 2]
    if objective == 'binary':
        return (score > 0).astype(float)
    if objective.startswith('multiclass'):
        return (score > -0.5).astype(float) + (score > 0.5)
    if objective in ('poisson', 'tweedie', 'gamma'):
        return np.round(np.exp(score / 2) + 0.1, 2)
    if objective.startswith('cross_entropy'):
        return np.round(1 / (1 + np.exp(-score)), 2)
    return np.round(score * 2 + 5, 2)


cases = [
    ('regression', {}, 0.9, ''),
    ('regression', {'lambda_l1': 0.5, 'lambda_l2': 2, 'max_delta_step': 3}, 0.4, 'weight'),
    ('regression', {'boost_from_average': False}, 0.5, 'init'),
    ('regression', {'reg_sqrt': True}, 0.7, ''),
    ('huber', {'alpha': 0.7}, 0.5, 'weight'),
    ('fair', {}, 0.5, ''),
    ('poisson', {}, 0.5, 'weight'),
    ('gamma', {}, 0.5, ''),
    ('tweedie', {'tweedie_variance_power': 1.2}, 0.5, ''),
    ('cross_entropy', {}, 0.5, ''),
    ('cross_entropy_lambda', {}, 0.5, 'weight'),
    ('binary', {}, 0.9, ''),
    ('binary', {'scale_pos_weight': 3, 'sigmoid': 2}, 0.0, 'weight init'),
    ('binary', {'is_unbalance': True}, 0.5, ''),
    ('multiclass', {'num_class': 3}, 0.5, 'weight'),
    ('multiclassova', {'num_class': 3}, 0.3, ''),
]

golden = []
for objective, params, decay, beside in cases:
    X = np.round(rng.normal(size=(120, 3)), 2)
    params = {**fixed, **params, 'objective': objective}
    model = lgb.train(params, lgb.Dataset(X, labels(objective, X)), 4)
    X = np.round(rng.normal(size=(40, 3)) + 0.3, 2)
    y = labels(objective, X)
    n_outputs = params.get('num_class', 1)
    weight = np.round(rng.uniform(0.5, 2, size=40), 1) if 'weight' in beside else None
    init = np.round(rng.normal(size=40 * n_outputs), 1) if 'init' in beside else None
    refitted = model.refit(X, y, decay_rate=decay, weight=weight, init_score=init)
    golden.append({
        'objective': objective, 'decayRate': decay, 'model': model.model_to_string(),
        'X': X.tolist(), 'y': y.tolist(),
        'weight': None if weight is None else weight.tolist(),
        'initScore': None if init is None else init.tolist(),
        'raw': refitted.predict(X, raw_score=True).ravel().tolist(),
    })

# Labels that need more: queries, linear leaves, forests, and losses of one side. (Of rows with
# missing values LightGBM fits linear leaves to rows of other leaves, or ends: no cases of those.)
forest = {'boosting': 'rf', 'bagging_freq': 1, 'bagging_fraction': 0.7}
linear = {'linear_tree': True, 'linear_lambda': 0.2, 'num_leaves': 3, 'min_data_in_leaf': 15}
for objective, params, decay, beside in [
    ('lambdarank', {'label_gain': [0, 1, 3, 7]}, 0.5, 'group'),
    ('lambdarank', {'lambdarank_truncation_level': 3}, 0.0, 'group weight'),
    ('regression', linear, 0.25, 'weight'),
    ('regression', linear, 0.6, 'init'),
    ('binary', linear, 0.5, ''),
    ('regression', forest, 0.5, 'weight'),
    ('binary', forest, 0.3, ''),
    ('multiclass', {**forest, 'num_class': 3}, 0.5, ''),
    ('regression_l1', {}, 0.5, 'weight'),
    ('quantile', {'alpha': 0.3}, 0.4, ''),
    ('mape', {}, 0.5, ''),
]:
    def rows(n, shift):
        X = np.round(rng.normal(size=(n, 3)) + shift, 2)
        y = labels(objective, X)
        if objective == 'lambdarank':
            y = np.digitize(y, [4, 5.5, 7]).astype(float)
        return X, y
    X, y = rows(120, 0)
    params = {**fixed, **params, 'objective': objective}
    group = [12] * 10 if 'group' in beside else None
    model = lgb.train(params, lgb.Dataset(X, y, group=group), 3)
    X, y = rows(48, 0.2)
    group = [5, 11, 8, 12, 12] if 'group' in beside else None
    weight = np.round(rng.uniform(0.5, 2, size=48), 1) if 'weight' in beside else None
    init = np.round(rng.normal(size=48), 1) if 'init' in beside else None
    refitted = model.refit(X, y, decay_rate=decay, weight=weight, init_score=init, group=group)
    golden.append({
        'objective': objective, 'decayRate': decay, 'model': model.model_to_string(),
        'X': X.tolist(), 'y': y.tolist(),
        'weight': None if weight is None else weight.tolist(),
        'initScore': None if init is None else init.tolist(),
        'group': group,
        'raw': refitted.predict(X, raw_score=True).ravel().tolist(),
    })
path = pathlib.Path(__file__).parent / 'lightgbm-refit.json'
path.write_text('[\n' + ',\n'.join(map(json.dumps, golden)) + '\n]\n')
