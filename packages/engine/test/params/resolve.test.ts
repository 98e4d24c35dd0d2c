import assert from 'node:assert/strict'
import { CoppiceError } from '@coppice/model'
import { modelParameters, resolveParams } from '../../src/params/resolve.js'
import { findParameter, parameterTable } from '../../src/params/table.js'

function refuses(raw: Record<string, unknown>, ...parts: RegExp[]): void {
  assert.throws(
    () => resolveParams(raw),
    (error: unknown) => {
      assert.ok(error instanceof CoppiceError)
      assert.equal(error.code, 'PARAMETER')
      for (const part of parts) assert.match(error.message, part)
      return true
    },
    JSON.stringify(raw),
  )
}

describe('resolveParams', () => {
  it('gives the defaults for nothing', () => {
    const params = resolveParams({})
    assert.equal(params.numLeaves, 31)
    assert.equal(params.objective, 'regression')
    assert.equal(params.growPolicy, 'leafwise')
    assert.deepEqual(params.metric, ['l2'])
    assert.equal(params.seed, null)
    assert.equal(params.explicit.size, 0)
    assert.deepEqual(params.noEffect, [])
  })

  it('has one key per supported parameter, and explicit and noEffect', () => {
    const supported = parameterTable.filter(info => info.status === 'supported')
    const keys = [...supported.map(info => info.camelName), 'explicit', 'noEffect']
    assert.deepEqual(Object.keys(resolveParams({})).toSorted(), keys.toSorted())
  })

  it('takes every alias in both spellings', () => {
    for (const key of ['num_leaves', 'numLeaves', 'max_leaf_nodes', 'maxLeafNodes', 'max_leaves']) {
      const params = resolveParams({ [key]: 7 })
      assert.equal(params.numLeaves, 7, key)
      assert.deepEqual([...params.explicit], ['num_leaves'])
    }
    assert.equal(resolveParams({ nEstimators: 5 }).numIterations, 5)
    assert.equal(resolveParams({ lambda: 2 }).lambdaL2, 2)
  })

  it('reads text as from a file', () => {
    const params = resolveParams({
      num_leaves: ' 63 ',
      learning_rate: '5e-2',
      use_missing: '-',
      feature_pre_filter: 'False',
      first_metric_only: '+',
      boost_from_average: '0',
      metric: 'mse, mae,rmse,l2',
      ignore_column: 'name:a,7',
      categorical_feature: '3,12',
      label_column: 'name:0',
      weight: '4',
      objective: 'L2_root',
    })
    assert.equal(params.numLeaves, 63)
    assert.equal(params.learningRate, 0.05)
    assert.equal(params.useMissing, false)
    assert.equal(params.featurePreFilter, false)
    assert.equal(params.firstMetricOnly, true)
    assert.equal(params.boostFromAverage, false)
    assert.deepEqual(params.metric, ['l2', 'l1', 'rmse'])
    assert.deepEqual(params.ignoreColumn, ['a', '7'])
    assert.deepEqual(params.categoricalFeature, [3, 12])
    assert.equal(params.labelColumn, '0')
    assert.equal(params.weightColumn, 4)
    assert.equal(params.objective, 'regression')
  })

  it('takes null and undefined for not given', () => {
    const params = resolveParams({ seed: null, num_leaves: undefined, metric: null })
    assert.equal(params.explicit.size, 0)
    assert.deepEqual(params.metric, ['l2'])
  })

  it('means no metric by None, and the own metric of the objective by nothing', () => {
    for (const none of ['None', 'na', 'null', 'custom', [], '', ['none']]) {
      assert.deepEqual(resolveParams({ metric: none }).metric, [], String(none))
    }
    assert.deepEqual(resolveParams({ objective: 'binary' }).metric, ['binary_logloss'])
    const softmax = resolveParams({ app: 'softmax', num_class: 3 })
    assert.deepEqual(softmax.metric, ['multi_logloss'])
    const some = resolveParams({ objective: 'binary', metric: ['auc', 'none', 'error'] })
    assert.deepEqual(some.metric, ['auc', 'binary_error'])
  })

  it('accepts a parameter twice with one value and refuses two', () => {
    assert.equal(resolveParams({ num_leaves: 8, max_leaves: '8', numLeaves: 8 }).numLeaves, 8)
    refuses({ num_leaves: 8, max_leaves: 9 }, /"num_leaves"/, /"max_leaves"/, /8/, /9/)
    refuses({ eta: 0.1, shrinkageRate: 0.2 }, /"eta"/, /"shrinkageRate"/, /learning_rate/)
  })

  it('suggests the nearest name for an unknown one', () => {
    refuses({ num_leafs: 3 }, /unknown parameter "num_leafs"; did you mean "num_leaf"\?/)
    refuses({ learningrate: 3 }, /did you mean "learningRate"\?/)
    refuses({ lerning_rate: 3 }, /did you mean "learning_rate"\?/)
    refuses({ completely_different_thing: 3 }, /unknown parameter "completely_different_thing"$/)
    refuses({ objective: 'binray' }, /one of regression, binary, multiclass/, /mean "binary"\?/)
    refuses({ metric: 'acu' }, /did you mean "auc"\?/)
  })

  it('refuses wrong types and values out of range with the legal ones', () => {
    refuses({ num_leaves: 1 }, /^num_leaves must be an integer >= 2 and <= 131072, got 1$/)
    refuses({ max_leaf: 131073 }, /num_leaves \(given as "max_leaf"\)/, /131073/)
    refuses({ num_leaves: 31.5 }, /integer/, /31\.5/)
    refuses({ num_leaves: '31x' }, /"31x"/)
    refuses({ num_leaves: NaN }, /NaN/)
    refuses({ num_leaves: true }, /integer/)
    refuses({ learning_rate: 0 }, /a finite number > 0, got 0/)
    refuses({ learning_rate: Infinity }, /Infinity/)
    refuses({ bagging_fraction: 1.01 }, /> 0 and <= 1/, /1\.01/)
    refuses({ max_bin: 65_536 }, />= 2 and <= 65535/)
    refuses({ use_missing: 2 }, /true or false/)
    refuses({ use_missing: 'maybe' }, /"maybe"/)
    refuses({ objective: 3 }, /one of/)
    refuses({ label_column: -1 }, /column/)
    refuses({ ignore_column: [1, 1.5] }, /column/)
    refuses({ num_leaves: () => 3 }, /a value of type function/)
  })

  it('refuses what is not built yet and names what is', () => {
    assert.equal(resolveParams({ objective: 'mae' }).objective, 'regression_l1')
    refuses({ device: 'cuda' }, /not built yet; built: cpu/)
    refuses({ save_binary: true },
      /save_binary = true cannot be used: it is not built yet; .* at false/)
    refuses({ machines: 'a:1,b:2' }, /coppice worker.*--cluster URL/)
  })

  it('reads structures in any form, as one text', () => {
    const directions = (value: unknown): string =>
      resolveParams({ monotone_constraints: value }).monotoneConstraints
    const bytes = Int8Array.of(1, -1, 0)
    for (const given of [[1, -1, 0], '1,-1,0', '[1, -1, 0]', ' 1, -1, -0', bytes]) {
      assert.equal(directions(given), '[1,-1,0]')
    }
    for (const given of [{ b: 1, a: -1 }, '{"b": 1, "a": -1}']) {
      assert.equal(directions(given), '{"a":-1,"b":1}')
    }
    for (const given of ['', '[]', [], {}, null]) assert.equal(directions(given), '')
    assert.equal(directions(directions([1, 0])), '[1,0]')
    const groups = (value: unknown): string =>
      resolveParams({ interaction_constraints: value }).interactionConstraints
    for (const given of ['[0, 1], [2]', '[[0,1],[2]]', [[0, 1], [2]]]) {
      assert.equal(groups(given), '[[0,1],[2]]')
    }
    assert.equal(groups('["a", 1]'), '[["a",1]]')
    const split = { threshold: 2, feature: 'a', right: { feature: 0, threshold: -0, gain: 3 } }
    const text = '{"feature":"a","threshold":2,"right":{"feature":0,"threshold":0}}'
    for (const given of [split, JSON.stringify(split), text]) {
      assert.equal(resolveParams({ forced_splits: given }).forcedsplitsFilename, text)
    }
  })

  it('refuses structures of another form', () => {
    refuses({ monotone_constraints: [1, 2] }, /one for each feature.*integers >= -1 and <= 1, got/)
    refuses({ mc: [0.5] }, /monotone_constraints \(given as "mc"\)/)
    refuses({ monotone_constraints: 'up,down' }, /got "up,down"/)
    refuses({ feature_contri: { a: -1 } }, /feature_contri must be .*>= 0/)
    refuses({ interaction_constraints: [0, 1] }, /a list of lists of features/)
    refuses({ interaction_constraints: [[-1]] }, /a list of lists of features/)
    refuses({ interaction_constraints: '[[0, 1]' }, /a list of lists of features/)
    refuses({ forced_splits: 'splits.json' }, /an object \{feature, threshold, left, right\}/)
    refuses({ forced_splits: { feature: 0 } }, /an object \{feature, threshold, left, right\}/)
    refuses({ forced_splits: { feature: 0, threshold: 1, left: [] } }, /forcedsplits_filename/)
  })

  it('refuses a key that comes twice, of which one value would be lost', () => {
    refuses({ mc: '{"a": 1, "b": 0, "a": -1}' }, /^monotone_constraints: the key "a" comes twice/)
    refuses({ forced_splits: '{"feature": 0, "threshold": 1, "feature": 2}' }, /"feature" .*twice/)
    refuses({ parameter_schedule: '{"lambda_l2": [1], "lambda_l2": [2]}' }, /"lambda_l2" .*twice/)
  })

  it('refuses numbers of losses that are not asked for', () => {
    refuses({ auc_mu_weights: [0, 1, 1, 0] }, /auc_mu_weights contradicts metric/)
    refuses({ alpha: 0.5 }, /alpha = 0\.5 contradicts objective = regression/, /huber and quantile/)
    refuses({ objective: 'huber', fair_c: 2 }, /fair_c = 2/, /fair only/)
    refuses({ objective: 'poisson', tweedie_variance_power: 1.2 }, /acts on tweedie only/)
    refuses({ objective: 'binary', reg_sqrt: true }, /reg_sqrt = true contradicts/)
    refuses({ metric: 'quantile', alpha: 1 }, /alpha = 1 contradicts metric = quantile/)
    refuses({ objective: 'quantile', alpha: 1 }, /alpha = 1 contradicts objective = quantile/)
    refuses({ objective: 'tweedie', tweedie_variance_power: 2 }, />= 1 and < 2, got 2/)
    refuses({ objective: 'multiclassova' }, /multiclassova needs num_class >= 2/)
    assert.equal(resolveParams({ metric: 'quantile', alpha: 0.5 }).alpha, 0.5)
    assert.deepEqual(resolveParams({ objective: 'xentropy' }).metric, ['cross_entropy'])
    assert.equal(resolveParams({ objective: 'ova', num_class: 3 }).objective, 'multiclassova')
  })

  it('accepts every unbuilt parameter at its default, and no other value', () => {
    const neutral = Object.fromEntries(
      parameterTable
        .filter(info => info.status === 'unbuilt')
        .map(info => [info.name, info.default]),
    )
    const params = resolveParams(neutral)
    assert.equal(params.explicit.size, Object.keys(neutral).length)
    assert.deepEqual(params.noEffect, [])
    for (const name of Object.keys(neutral)) {
      const value = neutral[name]
      const other =
        typeof value === 'boolean' ? !value : typeof value === 'number' ? value + 0.5 : ['x']
      refuses({ [name]: other }, new RegExp(name))
    }
  })

  it('lists what has no effect once, in the order of the table', () => {
    const params = resolveParams({ two_round: true, force_col_wise: true, device: 'cpu' })
    assert.deepEqual(params.noEffect, ['device_type', 'force_col_wise', 'two_round'])
    assert.ok(!('forceColWise' in params))
  })

  it('derives seeds, which explicit ones override', () => {
    const derived = resolveParams({ seed: 42 })
    const mixed = resolveParams({ random_state: 42, bagging_seed: 9 })
    assert.notEqual(derived.baggingSeed, 3)
    assert.equal(mixed.baggingSeed, 9)
    assert.equal(mixed.dataRandomSeed, derived.dataRandomSeed)
    assert.equal(mixed.featureFractionSeed, derived.featureFractionSeed)
    // A default that is given explicitly is explicit.
    assert.equal(resolveParams({ seed: 42, bagging_seed: 3 }).baggingSeed, 3)
  })

  it('bounds num_leaves by max_depth only where it is not given', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6, 100].map(depth => resolveParams({ max_depth: depth }).numLeaves),
      [2, 4, 8, 16, 31, 31, 31],
    )
    assert.equal(resolveParams({ max_depth: 3, num_leaves: 100 }).numLeaves, 100)
    assert.equal(resolveParams({ max_depth: 0 }).numLeaves, 31)
  })

  it('writes "off" in one way', () => {
    for (const off of [0, -1, -5]) {
      const params = resolveParams({
        max_depth: off,
        early_stopping_round: off,
        max_delta_step: off,
        num_threads: off,
      })
      assert.equal(params.maxDepth, -1)
      assert.equal(params.earlyStoppingRound, 0)
      assert.equal(params.maxDeltaStep, 0)
      assert.equal(params.numThreads, 0)
    }
    assert.ok(Object.is(resolveParams({ lambda_l1: -0 }).lambdaL1, 0))
  })

  it('takes coarse gradients at their word, and changes nothing', () => {
    const given = { use_quantized_grad: true, num_grad_quant_bins: 16,
      quant_train_renew_leaf: true, stochastic_rounding: false }
    const params = resolveParams(given)
    assert.equal(params.numGradQuantBins, 16)
    assert.deepEqual(params.noEffect, [])
    assert.deepEqual(modelParameters(params), modelParameters(resolveParams({})))
    for (const name of ['num_grad_quant_bins', 'quant_train_renew_leaf', 'stochastic_rounding']) {
      refuses({ ...given, use_quantized_grad: false, num_grad_quant_bins: 4,
        quant_train_renew_leaf: false, stochastic_rounding: true,
        [name]: given[name as keyof typeof given] },
      new RegExp(`${name} = \\w+ contradicts use_quantized_grad = false`), /leave it out/)
    }
    refuses({ use_quantized_grad: true, num_grad_quant_bins: 1 }, /num_grad_quant_bins/)
  })

  it('refuses contradictions and says what to do', () => {
    refuses({ bagging_fraction: 0.5 }, /bagging_freq = 1/)
    assert.equal(resolveParams({ bagging_fraction: 0.5, bagging_freq: 1 }).baggingFraction, 0.5)
    const binary = { objective: 'binary' }
    refuses({ ...binary, is_unbalance: true, scale_pos_weight: 2 }, /is_unbalance/, /only one/)
    assert.ok(resolveParams({ ...binary, is_unbalance: true, scale_pos_weight: 1 }).isUnbalance)
    refuses({ top_k: 5 }, /top_k = 5 does nothing without tree_learner = voting/)
    refuses({ num_class: 3 }, /num_class = 3 contradicts objective = regression/)
    refuses({ objective: 'multiclass' }, /num_class >= 2, got 1/)
    refuses({ sigmoid: 2 },
      /sigmoid = 2 contradicts objective = regression: .* multiclassova and lambdarank only/)
    refuses({ objective: 'multiclass', num_class: 3, is_unbalance: true }, /is_unbalance/)
    refuses({ metric: 'multi_error' }, /multi_error contradicts objective = regression/)
    refuses({ objective: 'multiclass', num_class: 3, metric: 'auc' }, /auc contradicts/)
    refuses({ min_data_in_leaf: 0, min_sum_hessian_in_leaf: 0 }, /min_data_in_leaf = 1/)
    refuses({ use_missing: false, zero_as_missing: true }, /only one/)
  })
})

describe('modelParameters', () => {
  it('records supported parameters that affect the model, sorted, defaults included', () => {
    const recorded = modelParameters(resolveParams({ num_leaves: 5, seed: 1 }))
    const names = Object.keys(recorded)
    assert.deepEqual(names, names.toSorted())
    assert.equal(recorded['num_leaves'], 5)
    assert.equal(recorded['learning_rate'], 0.1)
    assert.deepEqual(recorded['metric'], ['l2'])
    for (const name of names) {
      const info = findParameter(name)
      assert.ok(info?.affectsModel && info.status === 'supported' && info.name === name, name)
    }
    const rows = parameterTable.filter(info => info.affectsModel && !info.omittedAtDefault)
    assert.equal(rows.length, names.length)
    assert.ok(rows.every(info => info.status === 'supported'))
  })

  it('leaves out what few objectives read where it is at its default', () => {
    const of = (raw: Record<string, unknown>) => modelParameters(resolveParams(raw))
    assert.equal(of({ objective: 'huber', alpha: 0.9 })['alpha'], undefined)
    assert.equal(of({ objective: 'huber', alpha: 2 })['alpha'], 2)
    assert.equal(of({ reg_sqrt: true })['reg_sqrt'], true)
  })

  it('does not depend on resources, spelling or where seeds come from', () => {
    const derived = resolveParams({ seed: 42 })
    const bytes = (raw: Record<string, unknown>): string =>
      JSON.stringify(modelParameters(resolveParams(raw)))
    const expected = bytes({ seed: 42, num_leaves: 15 })
    assert.equal(
      bytes({
        maxLeaves: '15',
        dataSeed: derived.dataRandomSeed,
        bagging_seed: derived.baggingSeed,
        feature_fraction_seed: derived.featureFractionSeed,
        num_threads: 7,
        speculation: 3,
        max_memory_mb: 100,
        verbosity: -1,
        force_row_wise: true,
      }),
      expected,
    )
    assert.notEqual(bytes({ seed: 43, num_leaves: 15 }), expected)
  })

  it('is a fixed point of resolving', () => {
    const recorded = modelParameters(
      resolveParams({ objective: 'multiclass', num_class: 4, metric: 'none', max_depth: 3 }),
    )
    assert.deepEqual(modelParameters(resolveParams(recorded)), recorded)
  })
})
