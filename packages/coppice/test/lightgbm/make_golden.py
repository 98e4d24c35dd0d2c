"""
Makes golden/: small data files as LightGBM's examples have them, and what LightGBM 4.6 makes of
them. Its package has no command, but reads files, side files and column roles by the same code.

    .venv/bin/python packages/coppice/test/lightgbm/make_golden.py
"""
import ctypes
import json
import os
import pathlib
import re

import lightgbm as lgb
import numpy as np

folder = pathlib.Path(__file__).parent / 'golden'
folder.mkdir(exist_ok=True)
os.chdir(folder)
rng = np.random.default_rng(7)
fixed = {'verbosity': -1, 'num_threads': 1, 'deterministic': True, 'force_row_wise': True}


def write(name, rows):
    pathlib.Path(name).write_text(''.join(row + '\n' for row in rows))


def columns(n):
    return np.round(rng.normal(size=(n, 5)), 2)


def binary(name, n):
    X = columns(n)
    y = (X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=n) * 0.5 > 0).astype(int)
    write(name, ['\t'.join([str(t), *map(str, row)]) for t, row in zip(y, X)])
    write(f'{name}.weight', [str(w) for w in np.round(rng.uniform(0.5, 2, size=n), 1)])


def regression(name, n):
    X = columns(n)
    y = np.round(3 * X[:, 0] + X[:, 1] ** 2 + rng.normal(size=n) * 0.1 + 10, 2)
    w = np.round(rng.uniform(0.5, 2, size=n), 1)
    c = rng.integers(0, 6, size=n)
    rows = [','.join(map(str, [i, *row[:3], t, v, *row[3:], k]))
            for i, (row, t, v, k) in enumerate(zip(X, y + (c == 2) * 4, w, c))]
    write(name, ['id,a,b,c,target,heft,d,e,kind', *rows])
    write(f'{name}.init', [str(s) for s in np.round(y + rng.normal(size=n) * 3, 1)])


def multiclass(name, n):
    X = columns(n)
    y = (X[:, 0] > 0.3).astype(int) + (X[:, 1] > 0).astype(int)
    write(name, ['\t'.join([str(t), *map(str, row)]) for t, row in zip(y, X)])


def sparse(name, n):
    X = columns(n) * (rng.uniform(size=(n, 5)) < 0.4)
    y = (X[:, 0] + X[:, 3] > 0).astype(int)
    write(name, [' '.join([str(t), *[f'{i}:{v}' for i, v in enumerate(row) if v != 0]])
                 for t, row in zip(y, X)])


def result_of(model, data, kind, params=''):
    """The file that LightGBM writes for task = predict."""
    lgb.basic._LIB.LGBM_BoosterPredictForFile(
        model._handle, data.encode(), ctypes.c_int(int('header=true' in params)),
        ctypes.c_int(kind), ctypes.c_int(0), ctypes.c_int(-1), params.encode(), b'result.tmp')
    text = pathlib.Path('result.tmp').read_text()
    os.remove('result.tmp')
    return text


def run(name, make, params, categorical='auto'):
    make(f'{name}.train', 300)
    make(f'{name}.test', 60)
    params = {**params, **fixed}
    data = lgb.Dataset(f'{name}.train', params=params, categorical_feature=categorical)
    valid = data.create_valid(f'{name}.test', params=params)
    history = {}
    model = lgb.train(params, data, valid_sets=[valid], valid_names=['valid_0'],
                      callbacks=[lgb.record_evaluation(history)])
    model.save_model(f'{name}.model.txt')
    header = 'header=true' if params.get('header') else ''
    golden = {
        'history': history['valid_0'],
        'result': result_of(model, f'{name}.test', 0, header),
        'raw': result_of(model, f'{name}.test', 1, header),
        'leaf': result_of(model, f'{name}.test', 2, header),
        'contrib': result_of(model, f'{name}.test', 3, header),
    }
    pathlib.Path(f'{name}.json').write_text(json.dumps(golden, indent=1) + '\n')


# LightGBM estimates counts of rows, which are exact here: limits of hessians are the same.
tree = {'num_leaves': 7, 'min_data_in_leaf': 1, 'min_sum_hessian_in_leaf': 3, 'learning_rate': 0.1, 'num_iterations': 10}
run('binary', binary,
    {**tree, 'objective': 'binary', 'metric': ['binary_logloss', 'auc']})
run('regression', regression,
    {**tree, 'objective': 'regression', 'metric': 'l2', 'header': True,
     'label_column': 'name:target', 'weight_column': 'name:heft', 'ignore_column': 'name:id',
     'min_data_per_group': 1, 'cat_smooth': 1}, [7])
run('multiclass', multiclass,
    {**tree, 'objective': 'multiclass', 'num_class': 3, 'metric': ['multi_logloss', 'multi_error']})
run('sparse', sparse,
    {**tree, 'objective': 'binary', 'metric': 'auc'})

# Columns by index: 4 is the label; of the others, 0 is left out and 4 the weight.
pathlib.Path('indices.train').write_text(
    pathlib.Path('regression.train').read_text().split('\n', 1)[1])
pathlib.Path('indices.test').write_text(
    pathlib.Path('regression.test').read_text().split('\n', 1)[1])
run('indices', lambda name, n: None,
    {**tree, 'objective': 'regression', 'metric': 'l2', 'label_column': '4', 'weight_column': '4',
     'ignore_column': '0', 'min_data_per_group': 1, 'cat_smooth': 1}, [7])


def refit(name, label, decay, header=0, init=None, weight=None):
    """What task = refit makes of a model and the test rows: raw scores of these."""
    rows = np.loadtxt(f'{name}.test', delimiter=',' if header else None, skiprows=header)
    X = np.delete(rows, label, axis=1)
    # its reader of parameters stumbles over names of columns
    lines = pathlib.Path(f'{name}.model.txt').read_text().split('\n')
    text = '\n'.join(line for line in lines if not re.match(r'\[(label|weight|ignore)_col', line))
    pathlib.Path('model.tmp').write_text(text)
    old = lgb.Booster(model_file='model.tmp')
    os.remove('model.tmp')
    model = old.refit(
        X, rows[:, label], decay_rate=decay,
        weight=weight, init_score=init)
    return model.predict(X, raw_score=True).ravel().tolist()


rows = np.loadtxt('regression.test', delimiter=',', skiprows=1)
pathlib.Path('refit.json').write_text(json.dumps({
    'binary': refit('binary', 0, 0.9, weight=np.loadtxt('binary.test.weight')),
    'regression': refit('regression', 4, 0.4, header=1, weight=rows[:, 5],
                        init=np.loadtxt('regression.test.init')),
    'multiclass': refit('multiclass', 0, 0.5),
}, indent=1) + '\n')


def ranking(name, n):
    """Queries of 3 to 9 rows, each with a good one; positions are where rows were shown."""
    X = columns(n)
    y = np.digitize(X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=n) * 0.5, [0.3, 1.2, 2])
    sizes, left = [], n
    while left > 0:
        sizes.append(min(left, int(rng.integers(3, 10))))
        left -= sizes[-1]
    starts = np.cumsum([0, *sizes[:-1]])
    y[starts] = np.maximum(y[starts], 1)
    write(name, ['\t'.join([str(t), *map(str, row)]) for t, row in zip(y, X)])
    write(f'{name}.query', map(str, sizes))
    write(f'{name}.position', [str(p) for size in sizes for p in rng.permutation(size)])
    write(f'{name}.weight', [str(w) for w in np.round(rng.uniform(0.5, 2, size=n), 1)])


# Hessians of rankings are small.
run('ranking', ranking,
    {**tree, 'num_iterations': 8, 'objective': 'lambdarank', 'metric': ['ndcg', 'map'], 'eval_at': [2, 5],
     'min_sum_hessian_in_leaf': 1, 'lambdarank_position_bias_regularization': 0.5})

# Rows whose later trees are left out.
early_stop = 'pred_early_stop=true pred_early_stop_freq=2 pred_early_stop_margin=0.8'
pathlib.Path('early-stop.json').write_text(json.dumps({
    name: result_of(lgb.Booster(model_file=f'{name}.model.txt'), f'{name}.test', 1, early_stop)
    for name in ['binary', 'multiclass', 'ranking']}, indent=1) + '\n')
