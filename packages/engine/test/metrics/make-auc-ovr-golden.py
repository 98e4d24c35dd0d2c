"""Makes auc-ovr.json with scikit-learn: .venv/bin/python packages/engine/test/metrics/make-auc-ovr-golden.py"""
import json
import pathlib

import numpy as np
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

rng = np.random.default_rng(5)
scores = rng.normal(size=(40, 3)).round(1)
labels = (scores + rng.normal(size=(40, 3))).argmax(axis=1)
weights = rng.uniform(0.1, 2, 40).round(2)
p = softmax(scores, axis=1)
of = lambda w: float(roc_auc_score(labels, p, multi_class='ovr', average='macro', sample_weight=w))
golden = {'scores': scores.tolist(), 'labels': labels.tolist(), 'weights': weights.tolist(),
          'auc': of(None), 'weighted': of(weights)}
(pathlib.Path(__file__).parent / 'auc-ovr.json').write_text(json.dumps(golden) + '\n')
