"""Metrics beyond LightGBM's, by scikit-learn and XGBoost, and auc_mu by LightGBM: python make-golden.py > golden-metrics.json

Labels, weights and raw scores are fixed; the test gives the same scores to our metrics.
"""
import json
import math

import lightgbm as lgb
import numpy as np
import sklearn.metrics as skm
import xgboost as xgb

rng = np.random.default_rng(5)
n = 200
score = np.round(rng.normal(size=n) * 1.5, 3)
number = np.round(score + rng.normal(size=n), 3)
label = (score + rng.normal(size=n) > 0.3).astype(float)
weight = np.round(rng.uniform(0.2, 3, size=n), 3)
positive = np.round(np.abs(number), 3)
p = 1 / (1 + np.exp(-score))
called = (score > 0).astype(float)


def ece(w):
    bins = np.minimum(14, np.floor(p * 15).astype(int))
    return sum(abs((w * (p - label))[bins == b].sum()) for b in range(15)) / w.sum()


def by_xgboost(metric, y, prediction, w, **params):
    """A booster without trees, whose margin is the prediction."""
    data = xgb.DMatrix(np.zeros((n, 1)), label=y, weight=w, base_margin=prediction)
    booster = xgb.train({'eval_metric': metric, 'disable_default_eval_metric': 1,
                         'objective': 'reg:pseudohubererror', **params}, data, 0)
    return float(booster.eval(data).split(':')[-1])


def metrics(w):
    weighted = dict(sample_weight=w)
    z = score - number
    return {
        'r2': skm.r2_score(number, score, **weighted),
        'rmsle': math.sqrt(skm.mean_squared_log_error(positive, np.exp(score), **weighted)),
        'pseudo_huber': by_xgboost('mphe', number, score, w, huber_slope=1.5),
        'expectile': float(np.average(np.where(z < 0, 0.7, 0.3) * z * z, weights=w)),
        'log_cosh': float(np.average(np.log(np.cosh(z)), weights=w)),
        'brier': skm.brier_score_loss(label, p, **weighted),
        'accuracy': skm.accuracy_score(label, called, **weighted),
        'balanced_accuracy': skm.balanced_accuracy_score(label, called, **weighted),
        'precision': skm.precision_score(label, called, **weighted),
        'recall': skm.recall_score(label, called, **weighted),
        'f1': skm.f1_score(label, called, **weighted),
        'mcc': skm.matthews_corrcoef(label, called, **weighted),
        'expected_calibration_error': ece(w),
    }



def auc_mu(w, **params):
    """LightGBM's, with the raw scores that it is of."""
    X = np.random.default_rng(2).normal(size=(90, 3))
    y = np.digitize(X[:, 0] + 0.8 * np.random.default_rng(3).normal(size=90), [-0.7, 0.2, 1])
    result = {}
    data = lgb.Dataset(X, y, weight=w)
    booster = lgb.train(
        {'objective': 'multiclass', 'num_class': 4, 'metric': 'auc_mu', 'num_leaves': 5,
         'min_data_in_leaf': 5, 'verbose': -1, **params}, data, 3, valid_sets=[data],
        valid_names=['own'], callbacks=[lgb.record_evaluation(result)])
    return {'scores': np.round(booster.predict(X, raw_score=True), 9).T.tolist(),
            'label': y.tolist(), 'weight': None if w is None else w.tolist(),
            'costs': params.get('auc_mu_weights', []), 'value': result['own']['auc_mu'][-1]}


print(json.dumps({
    'auc_mu': [auc_mu(None), auc_mu(weight[:90]), auc_mu(
        None, auc_mu_weights=[0, 1, 2, 3, 1, 0, 1, 2, 5, 1, 0, 1, 3, 2, 0.5, 0])],
    'score': score.tolist(), 'number': number.tolist(), 'positive': positive.tolist(),
    'label': label.tolist(), 'weight': weight.tolist(),
    'metrics': metrics(np.ones(n)), 'weighted': metrics(weight),
}))
