"""Makes xgboost.json: gradients, hessians and metrics of XGBoost's objectives.

    .venv/bin/python packages/engine/test/objectives/make-xgboost-golden.py

The gradient of a row is that of a model of one row: its only leaf is -g / (h + lambda), its cover
is h.
"""
import json
import pathlib

import numpy as np
import xgboost as xgb

INF = float('inf')
BASE = {'eta': 1, 'lambda': 1, 'min_child_weight': 0, 'gamma': 0, 'verbosity': 0, 'nthread': 1,
        'base_score': 0.5, 'tree_method': 'exact', 'max_depth': 20}


def number(x):
    return None if x == INF else float(x)


def leaves(params, data):
    """Margin that the first tree adds to each row, and the cover of its leaf."""
    bst = xgb.train({**BASE, **params}, data, num_boost_round=1)
    leaf = bst.predict(data, pred_leaf=True).reshape(-1).astype(int)
    table = bst.trees_to_dataframe()
    cover = dict(zip(table['Node'], table['Cover']))
    gain = dict(zip(table['Node'], table['Gain']))
    return leaf, np.array([gain[i] for i in leaf]), np.array([cover[i] for i in leaf])


def derivatives(params, make, score):
    data = make()
    data.set_base_margin(np.array([score]))
    _, step, cover = leaves(params, data)
    return [float(-step[0] * (cover[0] + 1)), float(cover[0])]


def metric(params, data, name):
    # what `train` gives without a round has lost the parameters of the metric
    bst = xgb.Booster({**BASE, **params, 'eval_metric': name}, [data])
    return float(bst.eval(data).split(':')[-1])


def aft():
    cases = []
    bounds = [(1, 1), (20, 20), (3, INF), (0, 5), (2, 9), (0.5, 0.6), (100, INF)]
    for distribution in ['normal', 'logistic', 'extreme']:
        for scale in [1, 0.5, 1.7]:
            params = {'objective': 'survival:aft', 'aft_loss_distribution': distribution,
                      'aft_loss_distribution_scale': scale}
            for lower, upper in bounds:
                for score in [-1.5, 0, 0.75, 2, 4]:
                    def make():
                        data = xgb.DMatrix(np.zeros((1, 1)))
                        data.set_float_info('label_lower_bound', np.array([lower]))
                        data.set_float_info('label_upper_bound', np.array([upper]))
                        return data
                    g, h = derivatives(params, make, score)
                    data = make()
                    data.set_base_margin(np.array([score]))
                    loss = metric(params, data, 'aft-nloglik')
                    cases.append([distribution, scale, lower, number(upper), score, g, h, loss])
    return cases


def squared_log_error():
    cases = []
    for label in [-0.5, 0, 0.3, 2, 50]:
        for score in [-0.9, 0, 0.5, 4, 60]:
            g, h = derivatives({'objective': 'reg:squaredlogerror'},
                               lambda: xgb.DMatrix(np.zeros((1, 1)), np.array([label])), score)
            cases.append([label, score, g, h])
    return cases


here = pathlib.Path(__file__).parent
golden = {'xgboost': xgb.__version__, 'aft': aft(), 'squared_log_error': squared_log_error()}
text = json.dumps(golden).replace('], [', '],\n[').replace('": [', '":\n[')
(here / 'xgboost.json').write_text(text + '\n')
