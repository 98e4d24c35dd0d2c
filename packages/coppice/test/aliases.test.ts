/**
 * Every alias of every parameter means what its name does: as a flag, in a configuration and in a
 * program. Trainings are made of nothing but these values, so the models are the same.
 */
import assert from 'node:assert/strict'
import {
  type ParameterInfo, paramsFrom, parameterTable, parseConfigText, resolveParams,
} from '@coppice/api'
import { trainCommand, trainingOptions } from '../src/commands/train.js'
import { FlagValues } from '../src/flag-values.js'
import { readSettings, type Settings } from '../src/training/settings.js'

type Values = Readonly<Record<string, unknown>>

const optionNames = trainingOptions.map(({ name }) => name)
const flags = new Set(trainCommand.flags.map(({ name }) => name))

/** What parameters need beside them to be legal at another value than their default. */
const companions: Readonly<Record<string, Values>> = {
  alpha: { objective: 'quantile' }, fair_c: { objective: 'fair' },
  poisson_max_delta_step: { objective: 'poisson' },
  tweedie_variance_power: { objective: 'tweedie' },
  sigmoid: { objective: 'binary' }, scale_pos_weight: { objective: 'binary' },
  is_unbalance: { objective: 'binary' }, num_class: { objective: 'multiclass' },
  pos_bagging_fraction: { objective: 'binary', bagging_freq: 1 },
  neg_bagging_fraction: { objective: 'binary', bagging_freq: 1 },
  bagging_fraction: { bagging_freq: 1 }, drop_rate: { boosting: 'dart' },
  max_drop: { boosting: 'dart' }, skip_drop: { boosting: 'dart' },
  xgboost_dart_mode: { boosting: 'dart' }, uniform_drop: { boosting: 'dart' },
  top_rate: { data_sample_strategy: 'goss' }, other_rate: { data_sample_strategy: 'goss' },
  linear_lambda: { linear_tree: true }, monotone_constraints_method: { monotone_constraints: '1' },
  monotone_penalty: { monotone_constraints: '1' }, eval_at: { objective: 'lambdarank' },
  label_gain: { objective: 'lambdarank' }, lambdarank_norm: { objective: 'lambdarank' },
  lambdarank_truncation_level: { objective: 'lambdarank' }, reg_sqrt: {},
}

/** Texts that may be legal for a parameter and are not its default, the likeliest first. */
function texts({ type, default: value, names }: ParameterInfo): string[] {
  const number = Number(value)
  switch (type) {
    case 'bool': return [String(value !== true)]
    case 'enum':
    case 'enums': return (names?.values ?? []).filter((name) => name !== value).map(String)
    case 'int': return [String(number + 2), String(number + 1), '1', '0']
    case 'float': return ['0.25', '0.5', '1.25', '2']
    case 'ints':
    case 'floats': return ['1', '1,2', '0.5,0.7', '0,1', '0,1,3']
    default: return ['name:a', '1', '[[0,1]]', '[{"feature":0,"bin_upper_bound":[1]}]',
      '{"feature":0,"threshold":1}', '{"lambda_l2":[1,2]}']
  }
}

/** The values that a training would have; of what is refused, why, by the canonical name. */
function outcome(read: () => Values, spelling: string, { name }: ParameterInfo): unknown {
  try {
    const { explicit, ...resolved } = resolveParams(read())
    return [resolved, [...explicit].toSorted()]
  } catch (error) {
    return (error as Error).message.replaceAll(spelling, name)
  }
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** Everything that reads a spelling: what a program, the flag and a configuration give. */
function readers(spelling: string, text: string, others: Values): readonly (() => Values)[] {
  const settings = (values: Values, entries: Values | null): Settings => readSettings(
    new FlagValues(values), optionNames,
    entries === null ? null : { name: 'x.conf', isRun: false, entries })
  const lines = [...Object.entries(others), [spelling, text]]
    .map(([key, value]) => `${String(key)} = ${String(value)}`).join('\n')
  return [
    () => resolveInput(paramsFrom({ ...others, [spelling]: text })),
    () => resolveInput(paramsFrom({ ...others, [camelCase(spelling)]: text })),
    () => settings({ ...others, [spelling]: text }, null).params,
    () => settings({}, parseConfigText(lines, 'x.conf')).params,
    () => settings({}, parseConfigText(
      JSON.stringify({ ...others, [spelling]: text }), 'x.json')).params,
  ]
}

const resolveInput = (params: object): Values => params as Values

/** A text at which the parameter is legal, and is not at its default; null: there is none here. */
function legalText(info: ParameterInfo, others: Values): string | null {
  return texts(info).find((text) => {
    try {
      return resolveParams({ ...others, [info.name]: text }).explicit.has(info.name)
    } catch {
      return false
    }
  }) ?? null
}

describe('aliases', () => {
  it('of training parameters give the same values in flags, configurations and programs', () => {
    let nSpellings = 0
    let nChanged = 0
    for (const info of parameterTable.filter(({ status }) => status === 'supported')) {
      const others = companions[info.name] ?? {}
      // a few do nothing alone: of them the default
      const text = legalText(info, others) ?? String(info.default ?? '')
      if (text === '') continue
      const isOption = Object.keys(readers(info.name, text, {})[2]!()).length === 0
      const first = isOption ? 2 : 0
      for (const spelling of [info.name, ...info.aliases]) {
        if (optionNames.includes(spelling)) continue
        assert.ok(flags.has(spelling), `--${spelling}`)
        if (isOption) continue
        const expected = outcome(
          () => ({ ...others, [info.name]: text }), info.name, info)
        for (const [i, read] of readers(spelling, text, others).entries()) {
          if (i < first) continue
          assert.deepEqual(outcome(read, spelling, info), expected, `${spelling} (reader ${i})`)
        }
        if (typeof expected !== 'string') nChanged++
        nSpellings++
      }
    }
    assert.ok(nSpellings > 200, `${nSpellings} spellings`)
    assert.ok(nChanged > 0.9 * nSpellings, `${nChanged} of ${nSpellings} spellings are legal`)
  })

  it('of what names files and columns are one option', () => {
    for (const name of ['data', 'valid', 'output_model', 'input_model', 'label_column',
      'weight_column', 'group_column', 'position_column', 'ignore_column', 'categorical_feature',
      'header']) {
      const info = parameterTable.find((each) => each.name === name)!
      const optionsOf = (entries: Values): Values => {
        const { params, options } = readSettings(
          new FlagValues({}), optionNames, { name: 'x.conf', isRun: false, entries })
        assert.deepEqual(params, {})
        return options
      }
      const expected = optionsOf({ [name]: '1' })
      assert.equal(Object.keys(expected).length, 1, name)
      for (const alias of info.aliases) assert.deepEqual(optionsOf({ [alias]: '1' }), expected)
    }
  })
})
