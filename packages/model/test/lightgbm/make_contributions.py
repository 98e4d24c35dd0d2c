"""Makes golden/contributions.json: what LightGBM 4.6 says that features add to raw scores, of the
first rows of each model that make_golden.py made.

    .venv/bin/python packages/model/test/lightgbm/make_contributions.py
"""
import json
import os
import re

import lightgbm as lgb
import numpy as np

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden')
ROWS = 12
golden = {}
for file in sorted(os.listdir(OUT)):
    name = file[:-4]
    # linear leaves have none, and columns of pandas are no numbers
    if not file.endswith('.txt') or name in ('linear-tree', 'pandas'):
        continue
    text = open(os.path.join(OUT, name + '.json')).read().replace('1e999', 'Infinity')
    rows = json.loads(text)['rows'][:ROWS]
    X = np.array([[np.nan if x is None else x for x in row] for row in rows], float)
    booster = lgb.Booster(model_file=os.path.join(OUT, file))
    golden[name] = np.asarray(booster.predict(X, pred_contrib=True)).ravel().tolist()
with open(os.path.join(OUT, 'contributions.json'), 'w') as file:
    file.write('{\n' + ',\n'.join(f'"{k}": {json.dumps(v)}' for k, v in golden.items()) + '\n}\n')
