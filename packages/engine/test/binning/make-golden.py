"""Writes lightgbm-bins.json: the bins LightGBM 4.6.0 finds for columns made from a recipe.

    python make-golden.py        (needs lightgbm==4.6.0 and numpy)

The columns are not stored: recipes.ts makes the same doubles, by the same generator and exact
arithmetic. Every data set is smaller than bin_construct_sample_cnt, so LightGBM uses all rows.
The mappers are read from the binary data set file (BinMapper::SaveBinaryToFile in src/io/bin.cpp):
num_bin, missing_type, is_trivial, sparse_rate, bin_type, min, max, default_bin, most_freq_bin, 8
bytes each, then the bounds (doubles) or categories (int32).

Of many bins the SHA-256 of the bounds (doubles) or categories (int32), little-endian, is kept.
"""
import hashlib
import json
import math
import os
import struct
import tempfile

import lightgbm
import numpy

assert lightgbm.__version__ == '4.6.0', lightgbm.__version__

NAN = float('nan')
RARE = [0.0] * 28 + [1.0, 1.0, 2.0, NAN]


def generator(seed):
    state = seed
    while True:
        state = (1664525 * state + 1013904223) % 4294967296
        yield state / 4294967296


def bell(u):
    total = 0.0
    for _ in range(12):
        total += next(u)
    return total - 6


def skewed(u):
    x = next(u)
    return x * x * x * x * x * x * 1000


RECIPES = {
    'normal': bell,
    'ties': lambda u: float(math.floor(next(u) * 20)),
    'integers': lambda u: float(math.floor(next(u) * 1000) - 300),
    'mostlyZero': lambda u: 0.0 if next(u) < 0.9 else bell(u),
    'negative': lambda u: -0.5 - skewed(u),
    'skewed': skewed,
    'withNaN': lambda u: NAN if next(u) < 0.15 else bell(u),
    'zeroAndNaN': lambda u: [0.0, NAN, 3.5][math.floor(next(u) * 3)],
    'few': lambda u: [-2.0, 0.0, 0.5, 3.0][math.floor(next(u) * 4)],
    'peak': lambda u: 1.5 if next(u) < 0.5 else bell(u),
    'twoPeaks': lambda u: 1.5 if next(u) < 0.4 else -1.25 if next(u) < 0.5 else bell(u),
    'neighbours': lambda u: 1 + math.floor(next(u) * 12) * 2.0 ** -52,
    'nearZero': lambda u: (math.floor(next(u) * 9) - 4) * 5e-36,
    'huge': lambda u: bell(u) * 1e300,
    'constant': lambda u: 5.0,
    'zero': lambda u: 0.0,
    'missing': lambda u: NAN,
    'rareOne': lambda u: 1.0 if next(u) < 0.01 else 0.0,
    # Categories.
    'uniform': lambda u: float(math.floor(next(u) * 40)),
    'zipf': lambda u: float(math.floor(skewed(u))),
    'zipfNaN': lambda u: NAN if next(u) < 0.1 else float(math.floor(skewed(u) / 10)),
    'binaryCategory': lambda u: float(math.floor(next(u) * 2)),
    'equalCounts': lambda u: float(math.floor(next(u) * 3)),
    'rareCategories': lambda u: RARE[math.floor(next(u) * 32)],
}

DEFAULTS = {'max_bin': 255, 'min_data_in_bin': 3, 'use_missing': True, 'zero_as_missing': False}


def column(recipe, n, seed):
    u = generator(seed)
    return [RECIPES[recipe](u) for _ in range(n)]


def dataset(values, params, categorical, pre_filter, min_data_in_leaf):
    data = lightgbm.Dataset(
        numpy.array(values, dtype=numpy.float64).reshape(-1, 1),
        categorical_feature=[0] if categorical else [],
        params={**params, 'feature_pre_filter': pre_filter, 'verbosity': -1,
                'min_data_in_leaf': min_data_in_leaf})
    return data.construct()


def find_mapper(blob, n_bins, categorical):
    """The one place of the file that can be a mapper of n_bins bins."""
    found = []
    width = 4 if categorical else 8
    for at in range(0, len(blob) - 72 - width * n_bins):
        if struct.unpack_from('<i', blob, at)[0] != n_bins:
            continue
        missing, trivial = struct.unpack_from('<q', blob, at + 8)[0], blob[at + 16]
        sparse_rate = struct.unpack_from('<d', blob, at + 24)[0]
        bin_type = struct.unpack_from('<q', blob, at + 32)[0]
        if missing & 0xffffffff > 2 or trivial != 0 or not 0 <= sparse_rate <= 1:
            continue
        if bin_type & 0xffffffff != (1 if categorical else 0):
            continue
        if categorical:
            bins = list(struct.unpack_from('<%di' % n_bins, blob, at + 72))
            if bins[0] != -1 or any(code < 0 for code in bins[1:]):
                continue
        else:
            bins = list(struct.unpack_from('<%dd' % n_bins, blob, at + 72))
            n_bounds = n_bins - 1 if missing & 0xffffffff == 2 else n_bins
            bounds = bins[:n_bounds]
            if bounds[-1] != math.inf or any(not a < b for a, b in zip(bounds, bounds[1:])):
                continue
            bins = bounds[:-1]
        found.append((['none', 'zero', 'nan'][missing & 0xffffffff], bins))
    assert len(found) == 1, (n_bins, found)
    return found[0]


def golden_case(recipe, n, seed, categorical, **changes):
    params = {**DEFAULTS, **changes}
    values = column(recipe, n, seed)
    data = dataset(values, params, categorical, False, 20)
    n_bins = data.feature_num_bin(0)
    case = {'recipe': recipe, 'n': n, 'seed': seed, **params}
    if n_bins > 1:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'data.bin')
            data.save_binary(path)
            with open(path, 'rb') as file:
                missing, bins = find_mapper(file.read(), n_bins, categorical)
        case['nBins'] = n_bins
        # All bounds but the last, which is Infinity.
        bins = bins[1:] if categorical else bins
        if not categorical:
            case['missing'] = missing
        if n_bins > 256:
            packed = struct.pack('<%d%s' % (len(bins), 'i' if categorical else 'd'), *bins)
            case['hash'] = hashlib.sha256(packed).hexdigest()
        else:
            case['categories' if categorical else 'bounds'] = bins
    else:
        case['nBins'] = 1
    # min_data_in_leaf -> is the feature left out?
    case['filtered'] = {
        str(least): dataset(values, params, categorical, True, least).feature_num_bin(0) <= 1
        for least in (1, 20, n // 3, n // 2, n)}
    return case


numeric = []
for recipe in ('normal', 'integers', 'mostlyZero', 'negative', 'skewed', 'withNaN', 'peak',
               'twoPeaks', 'ties'):
    for max_bin in (15, 63, 255):
        numeric.append(golden_case(recipe, 1500, 7 + max_bin, False, max_bin=max_bin))
    for least in (1, 20, 200):
        numeric.append(golden_case(recipe, 900, least, False, max_bin=40, min_data_in_bin=least))
for recipe in ('few', 'neighbours', 'nearZero', 'huge', 'constant', 'zero', 'missing', 'rareOne',
               'zeroAndNaN', 'normal', 'withNaN', 'mostlyZero'):
    for max_bin in (2, 3, 4, 255):
        numeric.append(golden_case(recipe, 300, 5, False, max_bin=max_bin, min_data_in_bin=1))
for recipe in ('mostlyZero', 'withNaN', 'normal', 'few', 'zeroAndNaN', 'rareOne', 'zero'):
    for changes in ({'use_missing': False}, {'zero_as_missing': True}):
        for max_bin in (2, 16, 255):
            numeric.append(golden_case(recipe, 700, 3, False, max_bin=max_bin, **changes))
for seed in range(1, 41):
    u = generator(seed * 977)
    names = ['normal', 'ties', 'integers', 'mostlyZero', 'withNaN', 'peak', 'twoPeaks', 'few']
    numeric.append(golden_case(names[seed % 8], 20 + math.floor(next(u) * 400), seed, False,
                               max_bin=2 + math.floor(next(u) * 30),
                               min_data_in_bin=1 + math.floor(next(u) * 12)))
# Bins of two bytes.
for recipe in ('normal', 'integers', 'mostlyZero', 'skewed', 'withNaN', 'peak', 'twoPeaks'):
    for max_bin in (256, 257, 1000, 65535):
        numeric.append(golden_case(recipe, 4000, max_bin, False, max_bin=max_bin))
        numeric.append(golden_case(recipe, 4000, 9, False, max_bin=max_bin, min_data_in_bin=1,
                                   zero_as_missing=recipe == 'mostlyZero'))

categorical = []
for recipe in ('uniform', 'zipf', 'zipfNaN', 'binaryCategory', 'equalCounts', 'constant', 'rareOne',
               'missing', 'rareCategories'):
    for max_bin in (2, 5, 30, 255):
        for least in (1, 3, 10):
            n = 100 if recipe == 'rareCategories' else 600
            categorical.append(golden_case(recipe, n, 11, True, max_bin=max_bin,
                                           min_data_in_bin=least))
for recipe in ('zipf', 'zipfNaN'):
    for max_bin in (256, 300, 1000):
        for least in (1, 3):
            categorical.append(golden_case(recipe, 9000, 13, True, max_bin=max_bin,
                                           min_data_in_bin=least))

target = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lightgbm-bins.json')
with open(target, 'w') as file:
    file.write('{\n"numeric": [\n')
    file.write(',\n'.join(json.dumps(case) for case in numeric))
    file.write('\n],\n"categorical": [\n')
    file.write(',\n'.join(json.dumps(case) for case in categorical))
    file.write('\n]\n}\n')
