"""Writes lightgbm-parameters.json: what LightGBM 4.6.0 says of its own parameters.

    python make-golden.py        (needs lightgbm==4.6.0 and numpy)

aliases   canonical name -> aliases, from LGBM_DumpParamAliases
defaults  canonical name -> text, from the parameters section of a model file
seeds     [seed, data, bagging, drop, feature fraction, objective, extra] that `seed` derives
"""
import json
import os

import lightgbm
import numpy
from lightgbm.basic import _ConfigAliases

assert lightgbm.__version__ == '4.6.0', lightgbm.__version__


def model_parameters(params):
    values = numpy.linspace(0, 1, 100).reshape(-1, 1)
    data = lightgbm.Dataset(values, label=values[:, 0])
    booster = lightgbm.train({'verbosity': -1, **params}, data, 1)
    text = booster.model_to_string()
    lines = text[text.index('\nparameters:'):text.index('end of parameters')].splitlines()
    pairs = [line[1:-1].split(': ', 1) for line in lines if line.startswith('[')]
    return {name: value for name, value in pairs}


_ConfigAliases.get('objective')
aliases = {name: sorted(set(spellings) - {name})
           for name, spellings in _ConfigAliases.aliases.items()}
defaults = model_parameters({})
# What this script or the library itself had to set.
for name in ('verbosity', 'num_iterations', 'metric', 'seed'):
    del defaults[name]

names = ['data_random_seed', 'bagging_seed', 'drop_seed', 'feature_fraction_seed',
         'objective_seed', 'extra_seed']
seeds = []
for seed in (0, 1, 7, 42, 12345, 2147483647, -1, -99):
    derived = model_parameters({'seed': seed})
    seeds.append([seed] + [int(derived[name]) for name in names])

target = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lightgbm-parameters.json')
with open(target, 'w') as file:
    json.dump({'aliases': aliases, 'defaults': defaults, 'seeds': seeds}, file,
              indent=1, sort_keys=True)
    file.write('\n')
