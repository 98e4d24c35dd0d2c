import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { deriveSeeds } from '../../src/params/derive.js'
import { parseValue } from '../../src/params/parse-value.js'
import {
  camelCase,
  findParameter,
  parameterSpellings,
  parameterTable,
  type ParameterValues,
} from '../../src/params/table.js'

interface Golden {
  readonly aliases: Readonly<Record<string, readonly string[]>>
  readonly defaults: Readonly<Record<string, string>>
  readonly seeds: readonly (readonly number[])[]
}

const golden = JSON.parse(
  readFileSync(
    new URL('../../../test/params/lightgbm-parameters.json', import.meta.url),
    'utf8',
  ),
) as Golden

const ours = new Set([
  'grow_policy', 'speculation', 'max_memory_mb', 'custom_objective', 'custom_metrics',
  'expectile_alpha', 'huber_slope', 'focal_gamma', 'focal_alpha',
  'learning_rate_schedule', 'parameter_schedule', 'position_column',
  'quantiles', 'quantile_sorted', 'num_target', 'aft_loss_distribution',
  'aft_loss_distribution_scale',
])

describe('parameterTable', () => {
  it('has exactly the parameters of LightGBM and our own', () => {
    const names = parameterTable.map(info => info.name as string)
    assert.deepEqual(names.toSorted(), [...Object.keys(golden.aliases), ...ours].toSorted())
  })

  it('has exactly the aliases of LightGBM', () => {
    for (const info of parameterTable) {
      const expected = golden.aliases[info.name] ?? []
      assert.deepEqual(info.aliases.toSorted(), [...expected].toSorted(), info.name)
    }
  })

  it('has the defaults of LightGBM', () => {
    const skipped: string[] = []
    for (const [name, text] of Object.entries(golden.defaults)) {
      const info = findParameter(name)
      assert.ok(info, name)
      if (text === '') {
        // LightGBM fills eval_at in later; an empty text is "none" for the rest.
        const isNone = info.default === null || info.default === '' || String(info.default) === ''
        if (!isNone) skipped.push(name)
        continue
      }
      assert.deepEqual(parseValue(info, name, text), info.default, name)
    }
    assert.deepEqual(skipped, ['eval_at'])
  })

  it('has no spelling that two parameters share', () => {
    const seen = new Map<string, string>()
    for (const info of parameterTable) {
      for (const name of [info.name, ...info.aliases]) {
        for (const spelling of new Set([name, camelCase(name)])) {
          assert.equal(seen.get(spelling), undefined, spelling)
          seen.set(spelling, info.name)
          assert.equal(findParameter(spelling), info)
        }
      }
    }
    assert.deepEqual(parameterSpellings().toSorted(), [...seen.keys()].toSorted())
  })

  it('has legal defaults, a text for each row, and enum aliases that lead somewhere', () => {
    for (const info of parameterTable) {
      if (info.default !== null && info.default !== '') {
        assert.deepEqual(parseValue(info, info.name, info.default), info.default, info.name)
      }
      assert.match(info.doc, /\.\)?$/, info.name)
      const names = info.names
      if (names === null) continue
      for (const target of Object.values(names.valueAliases)) {
        assert.ok(names.values.includes(target) || names.unbuiltValues.includes(target), target)
      }
    }
  })

  it('gives TypeScript the types of the values', () => {
    const check = (values: ParameterValues): [number, 'leafwise' | 'depthwise'] => [
      values.numLeaves,
      values.growPolicy,
    ]
    assert.equal(typeof check, 'function')
    assert.equal(camelCase('max_cat_to_onehot'), 'maxCatToOnehot')
    assert.equal(camelCase('lambda_l1'), 'lambdaL1')
  })
})

describe('deriveSeeds', () => {
  it('derives the numbers LightGBM derives', () => {
    for (const [seed, ...expected] of golden.seeds) {
      const seeds = deriveSeeds(seed!)
      assert.deepEqual(
        [
          seeds.dataRandomSeed,
          seeds.baggingSeed,
          seeds.dropSeed,
          seeds.featureFractionSeed,
          seeds.objectiveSeed,
          seeds.extraSeed,
        ],
        expected,
        `seed ${seed}`,
      )
    }
  })
})
