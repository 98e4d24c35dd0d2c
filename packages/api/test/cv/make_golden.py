"""Writes folds-golden.json: the parts of scikit-learn's splitters without shuffling.

    python packages/api/test/cv/make_golden.py
"""
import json
import os

import numpy as np
import sklearn
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit

random = np.random.RandomState(7)


def parts(splitter, n, y=None, groups=None):
    part = np.zeros(n, dtype=int)
    for fold, (_, valid) in enumerate(splitter.split(np.zeros(n), y, groups)):
        part[valid] = fold
    return part.tolist()


cases = []
for n, k in [(10, 5), (11, 3), (23, 7), (5, 5), (100, 8)]:
    cases.append({"kind": "plain", "n": n, "k": k, "parts": parts(KFold(k), n)})
for n, k, classes in [(30, 5, 2), (41, 4, 3), (50, 7, 5), (17, 3, 2)]:
    y = random.randint(0, classes, n) ** 2
    cases.append({"kind": "stratified", "k": k, "y": y.tolist(),
                  "parts": parts(StratifiedKFold(k), n, y)})
for sizes, k in [([9, 1, 4, 7, 2], 3), ([20, 3, 5, 8, 13, 1, 2], 4), ([6, 5, 4, 3, 2, 1], 2)]:
    groups = random.permutation(np.repeat(np.arange(len(sizes)) * 10, sizes))
    cases.append({"kind": "grouped", "k": k, "groups": groups.tolist(),
                  "parts": parts(GroupKFold(k), len(groups), None, groups)})
for n, k, gap, most in [(12, 3, 0, None), (25, 4, 2, None), (31, 5, 1, 6)]:
    folds = TimeSeriesSplit(k, gap=gap, max_train_size=most).split(np.zeros(n))
    cases.append({"kind": "time", "n": n, "k": k, "gap": gap, "maxTrainRows": most,
                  "folds": [[a.tolist(), b.tolist()] for a, b in folds]})

path = os.path.join(os.path.dirname(__file__), "folds-golden.json")
with open(path, "w") as file:
    file.write(json.dumps({"madeBy": f"scikit-learn {sklearn.__version__}"})[:-1] + ', "cases": [\n')
    file.write(",\n".join(json.dumps(case) for case in cases) + "\n]}\n")
