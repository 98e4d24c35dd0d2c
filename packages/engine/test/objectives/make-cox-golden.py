"""Makes cox.json: gradients, hessians, losses and trees of XGBoost's survival:cox.

    .venv/bin/python packages/engine/test/objectives/make-cox-golden.py

Gradients are told from the first tree: a leaf is -G / (H + lambda), its cover is H, sums over its
rows. XGBoost goes through rows in the order of their times, and an event counts for the rows behind
it only; of several rows at one time that is the order in which they come. The data have one event
at a time at most, before the censored rows of that time, where this makes no difference. Its metric
has no such order; `ties` are losses of any labels. XGBoost takes the hazards of rows off a running
sum, which loses digits where they are far apart, so that scores are not spread further here.
"""
import json
import pathlib

import numpy as np
import xgboost as xgb

BASE = {'objective': 'survival:cox', 'eta': 1, 'lambda': 1, 'min_child_weight': 0, 'gamma': 0,
        'verbosity': 0, 'nthread': 1, 'base_score': 1, 'tree_method': 'exact'}
rng = np.random.default_rng(7)


def loss(data):
    bst = xgb.Booster({**BASE, 'eval_metric': 'cox-nloglik'}, [data])
    return float(bst.eval(data).split(':')[-1])


def gradients(n, spread, hasWeights):
    """Rows, and (rows, G, H) of the leaves of a tree that tells most of them apart."""
    times = rng.permutation(n).astype(float) + 1
    # censored rows at the time of an event come behind it
    tied = rng.random(n) < 0.2
    labels = np.where(rng.random(n) < 0.6, times, -times)
    labels = np.concatenate([labels, -times[tied]])
    n = len(labels)
    scores = rng.normal(0, spread, n).round(4)
    weights = rng.uniform(0.2, 3, n).round(3) if hasWeights else None
    data = xgb.DMatrix(rng.permutation(n).reshape(-1, 1), labels, weight=weights)
    data.set_base_margin(scores)
    bst = xgb.train({**BASE, 'max_depth': 30}, data, num_boost_round=1)
    leaf = bst.predict(data, pred_leaf=True).reshape(-1).astype(int)
    table = bst.trees_to_dataframe().set_index('Node')
    leaves = []
    for node in sorted(set(leaf)):
        h = float(table['Cover'][node])
        rows = np.flatnonzero(leaf == node).tolist()
        leaves.append([rows, float(-table['Gain'][node] * (h + 1)), h])
    return {'labels': labels.tolist(), 'scores': scores.tolist(),
            'weights': None if weights is None else weights.tolist(),
            'loss': loss(data), 'leaves': leaves}


def ties():
    cases = []
    for n in [1, 5, 40]:
        labels = rng.integers(1, 6, n) * np.where(rng.random(n) < 0.7, 1, -1)
        labels[0] = 3
        scores = rng.normal(0, 2, n).round(4)
        data = xgb.DMatrix(np.zeros((n, 1)), labels, weight=rng.uniform(0.2, 3, n))
        data.set_base_margin(scores)
        cases.append([labels.tolist(), scores.tolist(), loss(data)])
    return cases


def training():
    """Predictions and losses of ten rounds; hazards are ratios, so any base score would do."""
    n = 120
    X = rng.integers(0, 12, (n, 3)).astype(float)
    hazard = np.exp(0.25 * X[:, 0] - 0.2 * X[:, 1])
    times = (rng.exponential(1 / hazard) * 1000).round(3) + 0.001
    labels = np.where(rng.random(n) < 0.75, times, -times)
    data = xgb.DMatrix(X, labels)
    history = {}
    bst = xgb.train({**BASE, 'eta': 0.3, 'lambda': 1, 'max_leaves': 6, 'max_depth': 0,
                     'grow_policy': 'lossguide', 'tree_method': 'hist', 'max_bin': 255}, data,
                    num_boost_round=10, evals=[(data, 'train')], evals_result=history,
                    verbose_eval=False)
    return {'X': X.tolist(), 'labels': labels.tolist(),
            'losses': history['train']['cox-nloglik'],
            'predictions': bst.predict(data).astype(float).tolist()}


here = pathlib.Path(__file__).parent
golden = {'xgboost': xgb.__version__,
          'gradients': [gradients(n, spread, w) for n, spread in [(12, 0.5), (40, 2), (40, 3)]
                        for w in [False, True]],
          'ties': ties(), 'training': training()}
text = json.dumps(golden).replace('], [[', '],\n[[').replace('}, {', '},\n{')
(here / 'cox.json').write_text(text + '\n')
