"""Makes lightgbm-positions.json: LightGBM 4.6.0's lambdarank on rows with positions, those of
lightgbm-ranking.json. The biases are read from its log, which has six digits of them.

Run from the repository's root: .venv/bin/python packages/api/test/ranking/make-positions-golden.py
"""
import json
import pathlib

import lightgbm as lgb
import numpy as np

here = pathlib.Path(__file__).parent
data = json.loads((here / 'lightgbm-ranking.json').read_text())
X, labels, sizes = np.array(data['X'], float), np.array(data['labels'], float), data['group']
weight = np.array(data['weight'])
rng = np.random.default_rng(4)
# where rows were shown has gaps; what stood first was clicked more often
positions = np.concatenate([rng.permutation(size) for size in sizes]) * 2
labels = np.where((positions < 6) & (rng.random(len(labels)) < 0.5), np.minimum(labels + 1, 4),
                  labels)

CASES = [
    ({}, False),
    ({'lambdarank_position_bias_regularization': 0.4, 'learning_rate': 0.3}, True),
    ({'boosting': 'dart', 'drop_rate': 0.0, 'lambdarank_norm': False}, False),
]


class Log:
    def __init__(self):
        self.lines = []

    def info(self, text):
        self.lines += text.splitlines()

    warning = info


log = Log()
lgb.register_logger(log)


def trained(params, is_weighted):
    common = dict(params, objective='lambdarank', num_leaves=6, min_data_in_leaf=1,
                  min_sum_hessian_in_leaf=1e-3, min_data_in_bin=1, verbosity=2, num_threads=1,
                  deterministic=True, metric='None')
    made = lgb.Dataset(X, labels, weight=weight if is_weighted else None, group=sizes,
                       position=positions, params={'min_data_in_bin': 1, 'verbosity': 2})
    log.lines = []
    booster = lgb.train(common, made, 6)
    text = '\n'.join(log.lines)
    last = text.split('bias_factor')[-1].splitlines()
    found = {}
    for line in last:
        words = line.split()
        try:
            found[int(words[-2])] = float(words[-1])
        except (ValueError, IndexError):
            pass
    return {
        'params': params, 'weighted': is_weighted,
        'predictions': [float(f'{value:.9g}') for value in booster.predict(X[:60])],
        'biases': [found.get(p, 0) for p in range(int(positions.max()) + 1)],
    }


cases = [trained(*case) for case in CASES]
(here / 'lightgbm-positions.json').write_text(
    '{\n"lightgbm": "' + lgb.__version__ + '",\n"positions": ' + json.dumps(positions.tolist()) +
    ',\n"labels": ' + json.dumps(labels.astype(int).tolist()) + ',\n"cases": [\n' +
    ',\n'.join(json.dumps(case) for case in cases) + '\n]}\n')
