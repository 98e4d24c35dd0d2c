import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import type { EarlierTraining, Model } from '../../src/types.js'
import { CoppiceError } from '../../src/errors.js'
import { parseLightGBM } from '../../src/lightgbm/parse.js'
import { chainOf, extendChain, startChain } from '../../src/format/chain.js'
import { parseModel } from '../../src/format/parse.js'
import { serializeModel } from '../../src/format/serialize.js'
import { validateModel } from '../../src/format/validate.js'
import { createPredictor } from '../../src/predict/predictor.js'
import { referenceRaw } from '../../src/predict/reference.js'
import { sha256, toHex } from '../../src/sha256.js'
import { exampleModel } from '../support/example-model.js'
import { randomModel, randomRows, withChain } from '../support/random-model.js'

// Compiled tests run in dist/test/format.
const packageFile = (name: string) =>
  readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8')

const matchesSchema = new Ajv2020({ allowUnionTypes: true })
  .compile(JSON.parse(packageFile('model.schema.json')) as object)

const schemaErrors = (value: unknown) =>
  matchesSchema(value) ? '' : JSON.stringify(matchesSchema.errors)

/** The same JSON value with the keys of every object in another order. */
function reverseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverseKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).reverse().map(([k, v]) => [k, reverseKeys(v)]))
}

describe('serializeModel and parseModel', () => {
  it('are inverse, and give equal bytes for equal models', () => {
    for (let seed = 0; seed < 100; seed++) {
      const model = randomModel(seed)
      const text = serializeModel(model)
      const loaded = parseModel(text)
      // Thresholds may be -0 in memory; in files -0 is 0.
      assert.deepEqual(loaded, JSON.parse(JSON.stringify(model)), `seed ${seed}`)
      assert.equal(serializeModel(loaded), text)
      assert.deepEqual(parseModel(new TextEncoder().encode(text)), loaded)
      assert.equal(serializeModel(parseModel(JSON.stringify(reverseKeys(loaded)))), text)
      assert.equal(serializeModel(parseModel(`\ufeff${JSON.stringify(loaded, null, 4)}`)), text)
    }
  })

  it('keep the trainings that came before the last, of version 2', () => {
    const { chainHash: _, ...own } = randomModel(11, { nIterations: 5 })
    const earlier: readonly EarlierTraining[] = [
      { iterations: 2, objective: 'binary sigmoid:1', parameters: { seed: 3, alpha: 0.5 },
        chainHash: 'ab'.repeat(32) },
      { iterations: 1, objective: 'regression', parameters: { metric: ['l1', 'l2'] },
        chainHash: '01'.repeat(32) },
    ]
    const model = withChain({ ...own, formatVersion: 2, earlier })
    const text = serializeModel(model)
    assert.deepEqual(parseModel(text).earlier, earlier)
    assert.equal(serializeModel(parseModel(JSON.stringify(reverseKeys(model)))), text)
    assert.equal(schemaErrors(JSON.parse(text)), '')
    const refuses = (value: unknown, message: RegExp): void => {
      assert.throws(() => validateModel({ ...model, earlier: value }), { code: 'MODEL', message })
    }
    refuses([], /earlier must be an array of at least one training/)
    refuses([{ ...earlier[0]!, iterations: 6 }],
      /earlier\[0\].iterations must be an integer in \[0, 5/)
    refuses([...earlier, { ...earlier[0]!, iterations: 3 }], /earlier\[2\].iterations .*\[0, 2\]/)
    refuses([{ ...earlier[0]!, parameters: { Seed: 1 } }], /earlier\[0\].parameters must be/)
    refuses([{ ...earlier[0]!, chainHash: 'x' }], /earlier\[0\].chainHash must be 64 lower-case/)
    assert.throws(() => validateModel({ ...model, formatVersion: 1 }), /unknown key/)
  })

  it('put every tree and feature on a line of its own, and a newline at the end', () => {
    const model = randomModel(8, { nIterations: 4, objective: { name: 'multiclass', numClass: 3 } })
    const lines = serializeModel(model).split('\n')
    assert.equal(lines.filter((line) => line.startsWith('{"splitFeature":')).length, 12)
    assert.equal(lines.filter((line) => line.startsWith('{"name":')).length, model.features.length)
    assert.equal(lines.at(-1), '')
    assert.equal(lines.at(-2), '}')
  })

  it('write -0 as 0 and numbers so that they read back as they were', () => {
    const values = [-0, 5e-324, 1.7976931348623157e308, 0.1, 1 / 3, 1e21, 123456789012345680000]
    const model = withChain({
      ...exampleModel,
      trees: values.map((value) => ({ ...exampleModel.trees[1]!, leafValue: [value] })),
    })
    const text = serializeModel(model)
    assert.ok(!/-0[,\]}]/.test(text))
    const loaded = parseModel(text).trees.map((tree) => tree.leafValue[0])
    assert.deepEqual(loaded, [0, ...values.slice(1)])
  })

  it('keep any text in names and categories', () => {
    const names = ['', ' ', '__proto__', 'constructor', '"\\\n\u0000\u2028', '😀', '\ud800']
    const model = withChain({
      ...exampleModel,
      features: [
        ...exampleModel.features,
        ...names.map((name) => ({ name, kind: 'numeric', missing: 'nan' }) as const),
        {
          name: 'words', kind: 'categorical',
          categories: ['', '__proto__', '\ud800', '\uffff', '😀'],
        },
      ],
    })
    assert.deepEqual(parseModel(serializeModel(model)), model)
    assert.deepEqual(parseModel(new TextEncoder().encode(serializeModel(model))), model)
  })

  it('refuse to write what could not be read', () => {
    const wrongHash = { ...exampleModel, chainHash: '0'.repeat(64) }
    assert.throws(() => serializeModel(wrongHash), /chainHash must be [0-9a-f]{64}.*chainOf/)
    assert.throws(() => serializeModel({ ...exampleModel, baseScores: [NaN] }), CoppiceError)
  })
})

describe('FORMAT.md', () => {
  const example = /```json\n(\{\n"format"[^]*?)```/.exec(packageFile('FORMAT.md'))?.[1] ?? ''

  it('shows a model that parses, to the byte', () => {
    assert.equal(example, serializeModel(exampleModel))
    assert.deepEqual(parseModel(example), exampleModel)
  })
})

describe('model.schema.json', () => {
  it('accepts every valid model', () => {
    assert.equal(schemaErrors(JSON.parse(serializeModel(exampleModel))), '')
    for (let seed = 0; seed < 100; seed++) {
      assert.equal(schemaErrors(JSON.parse(serializeModel(randomModel(seed)))), '', `seed ${seed}`)
    }
  })

  it('accepts biases of positions, of lambdarank', () => {
    const ranks = { ...exampleModel, objective: { name: 'lambdarank' as const }, classes: null }
    const model = { ...ranks, positionBiases: [0.5, -1e-7, 0] }
    const text = serializeModel({ ...model, chainHash: chainOf(model) })
    assert.equal(schemaErrors(JSON.parse(text)), '')
    assert.deepEqual(parseModel(text).positionBiases, [0.5, -1e-7, 0])
    for (const bad of [[], [1, 'x'], 3]) {
      assert.notEqual(schemaErrors({ ...ranks, positionBiases: bad }), '')
      assert.throws(() => validateModel({ ...ranks, positionBiases: bad }), /positionBiases/)
    }
    const other = { ...exampleModel, positionBiases: [1] }
    assert.throws(() => validateModel(other), /positionBiases must be absent for/)
  })

  it('accepts imported models, and validation the same parts of them', () => {
    for (const name of ['linear-tree', 'categorical', 'rf-binary']) {
      const text = packageFile(`test/lightgbm/golden/${name}.txt`)
      const model = JSON.parse(serializeModel(parseLightGBM(text))) as Record<string, unknown>
      assert.equal(schemaErrors(model), '', name)
      assert.notEqual(schemaErrors({ ...model, origin: { library: 'lightgbm' } }), '')
      const { origin: _, ...rest } = model
      assert.throws(() => validateModel(rest), /lacks "origin"/)
      assert.throws(() => validateModel({ ...model, formatVersion: 1 }), /unknown key "origin"/)
      assert.throws(() => validateModel({ ...rest, formatVersion: 1 }), CoppiceError)
      assert.throws(() => parseModel(serializeModel(parseLightGBM(text)).replace('"v4"', '"v3"')),
        /header and trees hash to/)
    }
  })

  it('refuses wrong shapes', () => {
    const parsed = JSON.parse(serializeModel(exampleModel)) as Record<string, unknown>
    for (const key of Object.keys(parsed)) {
      const { [key]: _, ...rest } = parsed
      assert.notEqual(schemaErrors(rest), '', `without ${key}`)
      assert.notEqual(schemaErrors({ ...parsed, [key]: [{ wrong: 1 }] }), '', `wrong ${key}`)
    }
    assert.notEqual(schemaErrors({ ...parsed, extra: 1 }), '')
  })
})

describe('chainOf', () => {
  it('is the hash that FORMAT.md describes', () => {
    const utf8 = (text: string) => new TextEncoder().encode(text)
    const { objective, classes, features, treesPerIteration, baseScores, parameters } = exampleModel
    const header = JSON.stringify(
      { objective, classes, features, treesPerIteration, baseScores, parameters })
    let hash = sha256(utf8(`coppice-model 1\n${header}`))
    assert.equal(startChain(exampleModel), toHex(hash))
    for (const tree of exampleModel.trees) {
      const bytes = utf8(JSON.stringify([tree]))
      hash = sha256(Uint8Array.from([...hash, ...bytes]))
    }
    assert.equal(chainOf(exampleModel), toHex(hash))
    assert.equal(exampleModel.chainHash, GOLDEN_CHAIN)
  })

  it('passes through the chain of every checkpoint', () => {
    const model = randomModel(3, { nIterations: 5, objective: { name: 'multiclass', numClass: 3 } })
    let hash = startChain(model)
    for (let i = 0; i <= 5; i++) {
      const checkpoint = { ...model, trees: model.trees.slice(0, 3 * i), bestIteration: null }
      assert.equal(chainOf(checkpoint), hash)
      if (i < 5) hash = extendChain(hash, model.trees.slice(3 * i, 3 * i + 3))
    }
    assert.equal(hash, model.chainHash)
  })

  it('sees every change of header and trees, but not of evaluation', () => {
    const base = chainOf(exampleModel)
    const tree = exampleModel.trees[0]!
    const changes: Partial<Model>[] = [
      { objective: { name: 'binary', sigmoid: 2 } }, { classes: ['no', 'YES'] },
      { features: exampleModel.features.slice().reverse() }, { baseScores: [0.25] },
      { parameters: { ...exampleModel.parameters, max_bin: 254 } },
      { trees: exampleModel.trees.slice().reverse() }, { trees: exampleModel.trees.slice(1) },
      { trees: [{ ...tree, leafValue: [-0.125, 0.09375, 0.03125000000000001] }] },
    ]
    for (const change of changes) {
      assert.notEqual(chainOf({ ...exampleModel, ...change }), base, JSON.stringify(change))
    }
    assert.equal(chainOf({ ...exampleModel, evaluation: [], bestIteration: null }), base)
    const sorted = Object.fromEntries(Object.entries(exampleModel.parameters).reverse())
    assert.equal(chainOf({ ...exampleModel, parameters: sorted }), base)
  })
})

/** From FORMAT.md's example; changes only with the format version. */
const GOLDEN_CHAIN = '04ee1f30972d1a2c86fda35e3540b57441ddfa584adc788680cfffd5537b8151'

describe('parseModel, whatever the input', () => {
  const assertModelError = (error: unknown) => {
    assert.ok(error instanceof CoppiceError && error.code === 'MODEL', String(error))
  }
  /** The result, or null where it was refused as it should be. */
  const attempt = <T>(work: () => T): T | null => {
    try {
      return work()
    } catch (error) {
      assertModelError(error)
      return null
    }
  }
  const models = Array.from({ length: 30 }, (_, seed) => randomModel(seed, { maxLeaves: 8 }))
  const texts = models.map(serializeModel)

  it('refuses any text and any bytes with a MODEL error', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.uint8Array()), (input) => {
      assert.equal(attempt(() => parseModel(input)), null)
    }), { seed: 1, numRuns: 500 })
  })

  it('notices damaged bytes, or they change no prediction', () => {
    const damage = fc.record({
      which: fc.nat(texts.length - 1), at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat(3), insert: fc.constantFrom('', '0', '-', '1', ',', '"', ' ', '9', 'e', ']', 'x'),
    })
    fc.assert(fc.property(damage, ({ which, at, cut, insert }) => {
      const text = texts[which]!
      const start = Math.floor(at * text.length)
      const damaged = text.slice(0, start) + insert + text.slice(start + cut)
      const loaded = attempt(() => parseModel(damaged))
      if (loaded === null) return
      const { trees, features, baseScores, objective, classes } = loaded
      const wanted = JSON.parse(text) as Model
      assert.deepEqual({ trees, features, baseScores, objective, classes }, {
        trees: wanted.trees, features: wanted.features, baseScores: wanted.baseScores,
        objective: wanted.objective, classes: wanted.classes,
      })
    }), { seed: 2, numRuns: 3000 })
  })

  it('notices every truncation', () => {
    const text = serializeModel(exampleModel)
    for (let length = 0; length < text.length - 1; length++) {
      assert.equal(attempt(() => parseModel(text.slice(0, length))), null, `${length} characters`)
    }
  })

  it('accepts after a mutation only what still predicts as the reference does', () => {
    const anything = fc.oneof(
      fc.constantFrom<unknown>(null, true, -1, 0, 1, 2, -2, 1e9, -1e9, 0.5, 1e308, '', 'x', [], {},
        [0], [null], [[0]], [-1, -2], '__proto__', JSON.parse('{"__proto__": []}')),
      fc.jsonValue({ maxDepth: 2 }))
    let nAccepted = 0
    fc.assert(fc.property(fc.nat(models.length - 1), fc.array(fc.nat(50), { maxLength: 5 }),
      fc.constantFrom('set', 'delete', 'insert', 'swap'), anything,
      (which, path, how, value) => {
        const mutated = mutate(JSON.parse(texts[which]!), path, how, value)
        const model = attempt(() => validateModel(mutated))
        if (model === null) return
        nAccepted++
        assert.equal(schemaErrors(model), '')
        const range = [0, model.trees.length / model.treesPerIteration] as const
        const rows = randomRows(which, model, 5)
        const raw = createPredictor(model, { iterations: range }).predictRaw(rows)
        assert.deepEqual([...raw], rows.flatMap((row) => referenceRaw(model, row, range)))
      }), { seed: 3, numRuns: 6000 })
    assert.ok(nAccepted > 100, `only ${nAccepted} mutations were harmless: the check is idle`)
  })
})

/** Changes one place of a JSON value: `path` picks a key or index at each level. */
function mutate(root: unknown, path: readonly number[], how: string, value: unknown): unknown {
  let parent: Record<string, unknown> | null = null
  let key = ''
  let at: unknown = root
  for (const step of path) {
    if (typeof at !== 'object' || at === null) break
    const keys = Object.keys(at)
    if (keys.length === 0) break
    parent = at as Record<string, unknown>
    key = keys[step % keys.length]!
    at = parent[key]
  }
  if (parent === null) return how === 'set' ? value : root
  if (how === 'set') {
    parent[key] = value
  } else if (how === 'swap') {
    const keys = Object.keys(parent)
    const other = keys[path.length % keys.length]!
    ;[parent[key], parent[other]] = [parent[other], parent[key]]
  } else if (Array.isArray(parent)) {
    if (how === 'delete') parent.splice(Number(key), 1)
    else parent.splice(Number(key), 0, value)
  } else if (how === 'delete') {
    delete parent[key]
  } else {
    parent[`${key}2`] = value
  }
  return root
}
