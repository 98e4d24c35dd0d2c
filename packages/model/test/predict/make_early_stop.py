"""Makes early-stop.json: what the models in ../lightgbm/golden predict where rows stop early.

    .venv/bin/python packages/model/test/predict/make_early_stop.py

Raw scores of the first rows of the models' own files, by LightGBM 4.6.
"""

import json
import os

import lightgbm as lgb
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, '..', 'lightgbm', 'golden')
N_ROWS = 40

cases = []
for name, freq, margin in [('binary', 1, 0.3), ('binary', 2, 0.5), ('multiclass', 1, 0.2),
                           ('multiclassova', 2, 0.4), ('lambdarank', 3, 0.6), ('binary', 1, 0),
                           ('regression', 1, 0.1), ('cross-entropy', 1, 0.1)]:
    booster = lgb.Booster(model_file=os.path.join(MODELS, name + '.txt'))
    with open(os.path.join(MODELS, name + '.json')) as file:
        rows = json.load(file)['rows'][:N_ROWS]
    X = np.array([[np.nan if x is None else x for x in row] for row in rows], dtype=float)
    raw = booster.predict(X, raw_score=True, pred_early_stop=True, pred_early_stop_freq=freq,
                          pred_early_stop_margin=margin)
    whole = booster.predict(X, raw_score=True)
    cases.append({'name': name, 'freq': freq, 'margin': margin,
                  'nOther': int(np.sum(raw != whole)), 'raw': np.asarray(raw).ravel().tolist()})

with open(os.path.join(HERE, 'early-stop.json'), 'w') as file:
    file.write('[\n' + ',\n'.join(map(json.dumps, cases)) + '\n]\n')
