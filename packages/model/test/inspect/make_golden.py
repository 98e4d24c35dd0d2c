"""Makes golden.json: what LightGBM 4.6 says of the models in ../lightgbm/golden.

    .venv/bin/python packages/model/test/inspect/make_golden.py

Of some models trees as tables (`trees_to_dataframe`) and drawings (`create_tree_digraph`), of all
with constant leaves bounds of raw scores, which are sums over the trees of all classes.
"""

import glob
import json
import math
import os

import lightgbm as lgb

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, '..', 'lightgbm', 'golden')


def load(name):
    return lgb.Booster(model_file=os.path.join(MODELS, name + '.txt'))


def cell(value):
    return None if value is None or isinstance(value, float) and math.isnan(value) else value


def table(name):
    frame = load(name).trees_to_dataframe()
    rows = [[cell(x) for x in row] for row in frame.astype(object).values.tolist()]
    return {'name': name, 'columns': list(frame.columns), 'rows': rows}


SHOW = {'gain': ['split_gain'], 'value': ['internal_value'],
        'weight': ['internal_weight', 'leaf_weight'], 'count': ['internal_count', 'leaf_count'],
        'percentage': ['data_percentage']}


def drawing(name, tree, show, **options):
    words = [word for info in show for word in SHOW[info]]
    names = {'max_category_values': 'maxCategoryValues'}
    source = lgb.create_tree_digraph(load(name), tree, show_info=words, **options).source
    return {'name': name, 'tree': tree,
            'options': {'show': show, **{names.get(k, k): v for k, v in options.items()}},
            'lines': [line for line in source.split('\n')
                      if line[:2].strip(' ') != '']}


bounds = {}
for path in sorted(glob.glob(os.path.join(MODELS, '*.txt'))):
    name = os.path.basename(path)[:-4]
    if name != 'linear-tree':
        booster = load(name)
        bounds[name] = [booster.lower_bound(), booster.upper_bound()]

with open(os.path.join(HERE, 'golden.json'), 'w') as file:
    parts = {
        'tables': [table(name) for name in ['categorical', 'missing-zero', 'constant']],
        'drawings': [
            drawing('monotone', 1, list(SHOW)),
            drawing('categorical', 0, ['count'], max_category_values=5, orientation='vertical'),
            drawing('missing-nan', 2, ['weight'], precision=None),
        ],
        'bounds': bounds,
    }
    file.write('{\n' + ',\n'.join(
        json.dumps(key) + ': ' + (json.dumps(value) if key == 'bounds' else
                                  '[\n' + ',\n'.join(map(json.dumps, value)) + '\n]')
        for key, value in parts.items()) + '\n}\n')
