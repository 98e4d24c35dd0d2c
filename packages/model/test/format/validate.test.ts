import assert from 'node:assert/strict'
import { CoppiceError } from '../../src/errors.js'
import { parseModel } from '../../src/format/parse.js'
import { serializeModel } from '../../src/format/serialize.js'
import { validateModel } from '../../src/format/validate.js'
import { exampleModel } from '../support/example-model.js'

type Json = Record<string, unknown>

/** A fresh copy of the example with one value replaced; a path such as 'trees.0.leftChild.1'. */
function withValue(path: string, value: unknown): unknown {
  const root = JSON.parse(serializeModel(exampleModel)) as Json
  const keys = path.split('.')
  const last = keys.pop()!
  let at = root
  for (const key of keys) at = at[key] as Json
  Object.defineProperty(at, last, { value, enumerable: true, configurable: true, writable: true })
  return root
}

function assertRefused(value: unknown, message: string | RegExp): void {
  assert.throws(() => validateModel(value), (error: unknown) => {
    assert.ok(error instanceof CoppiceError, String(error))
    assert.equal(error.code, 'MODEL')
    if (typeof message === 'string') assert.ok(error.message.includes(message), error.message)
    else assert.match(error.message, message)
    assert.ok(error.message.length < 600, 'a message is short')
    return true
  })
}

describe('validateModel', () => {
  it('returns the model it was given', () => {
    assert.equal(validateModel(exampleModel), exampleModel)
  })

  it('refuses what is no object of the format, or of another version', () => {
    for (const value of [null, undefined, 7, 'x', [], () => 0, new Map(), 3n]) {
      assertRefused(value, 'the top level must be')
    }
    assertRefused({}, 'format must be "coppice-model", got undefined; this is not a Coppice model')
    assertRefused(withValue('format', 'lightgbm'), 'got "lightgbm"')
    for (const version of [0, 3, '1', 1.5, null]) {
      assertRefused(withValue('formatVersion', version), 'reads formatVersion 1 and 2 only')
    }
    assertRefused(Object.create(exampleModel), 'the top level must be a plain object')
  })

  it('refuses unknown and missing keys at every level', () => {
    const levels = ['', 'objective.', 'features.0.', 'features.1.', 'trees.0.', 'evaluation.0.']
    for (const at of levels) {
      assertRefused(withValue(`${at}surplus`, 1), 'unknown key "surplus"')
      assertRefused(withValue(`${at}__proto__`, {}), 'unknown key "__proto__"')
    }
    for (const key of Object.keys(exampleModel)) {
      const { [key]: _, ...rest } = exampleModel as unknown as Json
      assertRefused(rest, key.startsWith('format') ? key : `the top level lacks "${key}"`)
    }
    for (const key of Object.keys(exampleModel.trees[0]!)) {
      const { [key]: _, ...rest } = exampleModel.trees[0] as unknown as Json
      assertRefused(withValue('trees.0', rest), `trees[0] lacks "${key}"`)
    }
    assertRefused(JSON.parse('{"__proto__": {"format": "coppice-model"}}'), 'format must be')
  })

  /** Path, value, what the message must contain. */
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['objective', 'binary', 'objective must be an object, got "binary"'],
    ['objective', { name: 'listwise' }, 'objective.name must be one of regression, '],
    ['objective', { name: 'poisson' }, 'objective lacks "maxDeltaStep"'],
    ['objective', { name: 'tweedie', variancePower: 2 },
      'objective.variancePower must be less than 2, got 2'],
    ['objective', { name: 'tweedie', variancePower: 0.5 },
      'objective.variancePower must be 1 or greater, got 0.5'],
    ['objective', { name: 'binary' }, 'objective lacks "sigmoid"'],
    ['objective.sigmoid', 0, 'objective.sigmoid must be greater than 0, got 0'],
    ['objective.sigmoid', Infinity, 'objective.sigmoid must be a finite number, got Infinity'],
    ['objective', { name: 'multiclass', numClass: 1 }, 'numClass must be an integer >= 2, got 1'],
    ['objective', { name: 'multiclass', numClass: 1e9 }, 'classes must be an array of 1000000000'],
    ['objective', { name: 'regression' }, 'classes must be null for regression, got an array of 2'],
    ['classes', null, 'classes must be an array, got null'],
    ['classes', ['a'], 'classes must be an array of 2 (objective binary), got an array of 1'],
    ['classes', ['a', 'a'], 'classes[1] must be different from the other classes'],
    ['classes', [0, -0], 'classes[1] must be different'],
    ['classes', ['a', null], 'classes[1] must be a string, a finite number or a boolean, got null'],
    ['classes', ['a', NaN], 'classes[1] must be a string, a finite number'],
    ['features', {}, 'features must be an array, got an object'],
    ['features.0', 5, 'features[0] must be an object, got 5'],
    ['features.0.kind', 'text', 'features[0].kind must be "numeric" or "categorical", got "text"'],
    ['features.0.name', 1, 'features[0].name must be a string, got 1'],
    ['features.0.missing', null, 'features[0].missing must be "none", "nan" or "zero", got null'],
    ['features.1.name', 'age', 'features[1].name must be different from the other names'],
    ['features.1.categories', 'a', 'features[1].categories must be an array, got "a"'],
    ['features.1.categories', ['b', 'a', 'c'], 'categories[1] must be greater than "b"'],
    ['features.1.categories', ['a', 'a', 'c'], 'categories[1] must be greater than "a"'],
    ['features.1.categories', [2, 1, 3], 'features[1].categories[1] must be greater than 2'],
    ['features.1.categories', ['😀', '\uffff'], 'categories[1] must be greater than "😀"'],
    ['features.1.categories', ['a', 1], 'categories[1] must be a string, as the first is, got 1'],
    ['features.1.categories', [1, 'a'], 'categories[1] must be a finite number, as the first is'],
    ['features.1.categories', [NaN], 'categories[0] must be a string or a finite number, got NaN'],
    ['features.1.categories', [0, -0], 'categories[1] must be greater than 0'],
    ['treesPerIteration', 2, 'treesPerIteration must be 1 for binary, got 2'],
    ['treesPerIteration', '1', 'treesPerIteration must be 1 for binary, got "1"'],
    ['baseScores', [], 'baseScores must be an array of 1 (treesPerIteration), got an array of 0'],
    ['baseScores.0', null, 'baseScores[0] must be a finite number, got null'],
    ['parameters', [], 'parameters must be an object, got an array of 0'],
    ['parameters.maxBin', 1, 'keys are snake_case names, got "maxBin"'],
    ['parameters.__proto__', 1, 'keys are snake_case names, got "__proto__"'],
    ['parameters.max_bin', null, 'parameters.max_bin must be a string, a finite number'],
    ['parameters.max_bin', { a: 1 }, 'parameters.max_bin must be a string, a finite number'],
    ['parameters.max_bin', [1, true], 'parameters.max_bin[1] must be a string or a finite number'],
    ['bestIteration', 0, 'bestIteration must be an integer in [1, 2], got 0'],
    ['bestIteration', 3, 'bestIteration must be an integer in [1, 2], got 3'],
    ['bestIteration', 1.5, 'bestIteration must be an integer in [1, 2], got 1.5'],
    ['evaluation', null, 'evaluation must be an array, got null'],
    ['evaluation.0.dataset', 1, 'evaluation[0].dataset must be a string, got 1'],
    ['evaluation.0.iterations', [0, 0], 'iterations[1] must be an integer >= 1, got 0'],
    ['evaluation.0.values', [1], 'evaluation[0].values must be an array of 2 (the length of iter'],
    ['evaluation.0.values.1', NaN, 'evaluation[0].values[1] must be a finite number, got NaN'],
    ['chainHash', 'abc', 'chainHash must be 64 lower-case hexadecimal digits, got "abc"'],
    ['chainHash', 'A'.repeat(64), 'chainHash must be 64 lower-case'],
    ['trees', {}, 'trees must be an array, got an object'],
    ['trees.1', null, 'trees[1] must be an object, got null'],
    ['trees.0.leafValue', [], 'trees[0].leafValue must be an array of at least one leaf'],
    ['trees.0.leafValue', 'x', 'trees[0].leafValue must be an array, got "x"'],
    ['trees.0.leafValue.1', NaN, 'trees[0].leafValue[1] must be a finite number, got NaN'],
    ['trees.0.leafValue.1', '1', 'trees[0].leafValue[1] must be a finite number, got "1"'],
    ['trees.0.leafWeight', [1], 'trees[0].leafWeight must be an array of 3 (the length of leafV'],
    ['trees.0.leafWeight.0', -1, 'trees[0].leafWeight[0] must be a finite number >= 0, got -1'],
    ['trees.0.leafCount.2', -1, 'trees[0].leafCount[2] must be an integer >= 0, got -1'],
    ['trees.0.leafCount.2', 1.5, 'trees[0].leafCount[2] must be an integer >= 0, got 1.5'],
    ['trees.0.nodeCount.1', 2 ** 53, 'trees[0].nodeCount[1] must be an integer >= 0, got 9007199'],
    ['trees.0.nodeValue', [], 'trees[0].nodeValue must be an array of 2 (one less than leafValue)'],
    ['trees.0.nodeValue.0', null, 'trees[0].nodeValue[0] must be a finite number, got null'],
    ['trees.0.nodeWeight.0', -0.5, 'trees[0].nodeWeight[0] must be a finite number >= 0, got -0.5'],
    ['trees.0.splitGain.0', -1, 'trees[0].splitGain[0] must be a finite number >= 0, got -1'],
    ['trees.0.splitGain.0', Infinity, 'splitGain[0] must be a finite number >= 0, got Infinity'],
    ['trees.0.splitFeature.0', 2, 'trees[0].splitFeature[0] must be an integer in [0, 1], got 2'],
    ['trees.0.splitFeature.0', -1, 'trees[0].splitFeature[0] must be an integer in [0, 1], got -1'],
    ['trees.0.splitFeature.0', 1, 'threshold[0] must be null (feature "color" is categorical)'],
    ['trees.0.splitFeature.1', 0, 'threshold[1] must be a finite number (feature "age" is n'],
    ['trees.0.threshold.0', -Infinity, 'trees[0].threshold[0] must be a finite number'],
    ['trees.0.threshold.1', 3, 'trees[0].threshold[1] must be null (feature "color" is categoric'],
    ['trees.0.leftCategories.0', [0], 'trees[0].leftCategories[0] must be null (feature "age"'],
    ['trees.0.leftCategories.1', null, 'trees[0].leftCategories[1] must be an array, got null'],
    ['trees.0.leftCategories.1', [], 'leftCategories[1] must be an array of at least one category'],
    ['trees.0.leftCategories.1', [3], 'leftCategories[1][0] must be an integer in [0, 2], got 3'],
    ['trees.0.leftCategories.1', [2, 0], 'leftCategories[1][1] must be greater than 2, as codes'],
    ['trees.0.leftCategories.1', [0, 0], 'leftCategories[1][1] must be greater than 0, as codes'],
    ['trees.0.defaultLeft.0', 1, 'trees[0].defaultLeft[0] must be true or false, got 1'],
    ['trees.0.defaultLeft.1', true, 'defaultLeft[1] must be false (feature "color" is cate'],
    ['trees.0.leftChild', [1], 'trees[0].leftChild must be an array of 2 (one less than'],
    ['trees.0.leftChild.0', 2, 'trees[0].leftChild[0] must be an integer in [-3, 1], got 2'],
    ['trees.0.leftChild.0', 1e9, 'must be an integer in [-3, 1], got 1000000000'],
    ['trees.0.leftChild.0', -4, 'trees[0].leftChild[0] must be an integer in [-3, 1], got -4'],
    ['trees.0.leftChild.0', 0, 'trees[0].leftChild[0] must be a later node (> 0) or a leaf (< 0)'],
    ['trees.0.rightChild.1', 0, 'trees[0].rightChild[1] must be a later node (> 1) or a leaf'],
    ['trees.0.rightChild.1', 1, 'trees[0].rightChild[1] must be a later node (> 1) or a leaf'],
    ['trees.0.rightChild.0', 1, 'trees[0].rightChild[0] is 1, which is already a child of node 0'],
    ['trees.0.rightChild.1', -1, 'rightChild[1] is -1, which is already a child of node 1'],
    ['trees.0.leftChild.0', -3, 'trees[0].rightChild[1] is -3, which is already a child of node 0'],
    ['trees.0.leftChild.0', '1', 'trees[0].leftChild[0] must be an integer in [-3, 1], got "1"'],
  ]

  for (const [path, value, message] of cases) {
    it(`refuses ${path} = ${typeof value === 'number' ? value : JSON.stringify(value)}`, () => {
      assertRefused(withValue(path, value), message)
    })
  }

  it('wants whole iterations', () => {
    const three = {
      ...exampleModel, objective: { name: 'multiclass', numClass: 3 }, classes: [1, 2, 3],
      treesPerIteration: 3, baseScores: [0, 0, 0], bestIteration: null,
    }
    assertRefused(three, 'trees must be an array whose length is a multiple of 3')
  })

  it('refuses arrays with holes at once, however long', () => {
    for (const path of ['trees', 'features', 'evaluation', 'trees.0.leafValue', 'classes',
      'trees.0.leftChild', 'features.1.categories', 'evaluation.0.iterations']) {
      assertRefused(withValue(path, new Array(2 ** 32 - 1)), 'must be')
    }
  })

  it('leaves no tree that hangs: every wiring of four nodes is a tree or is refused', () => {
    // All left and right children of 2 nodes and 3 leaves: 5^4 wirings, of which 12 are trees:
    // node 1 on either side of the root, times the 3! orders of the leaves.
    let nTrees = 0
    const children = [1, 0, -1, -2, -3]
    for (const a of children) for (const b of children) for (const c of children) {
      for (const d of children) {
        const root = withValue('trees.0.leftChild', [a, c]) as { trees: [Json] }
        root.trees[0].rightChild = [b, d]
        try {
          validateModel(root)
          nTrees++
        } catch (error) {
          assert.ok(error instanceof CoppiceError && error.code === 'MODEL')
        }
      }
    }
    assert.equal(nTrees, 12)
  })
})

describe('parseModel', () => {
  const text = serializeModel(exampleModel)
  const refused = (input: string | Uint8Array, message: RegExp) => {
    assert.throws(() => parseModel(input), (error: unknown) => {
      assert.ok(error instanceof CoppiceError && error.code === 'MODEL', String(error))
      assert.match(error.message, message)
      return true
    })
  }

  it('tells a changed file', () => {
    refused(text.replace('40.5', '40.6'), /changed or damaged after it was written/)
    refused(text.replace('"num_leaves":3', '"num_leaves":4'), /changed or damaged/)
    refused(text.replace(/"chainHash": "./, '"chainHash": "f'), /chainHash is f/)
  })

  it('tells what is no JSON, no UTF-8, or nothing', () => {
    refused('', /not JSON/)
    refused('tree\nversion=v3\n', /not JSON/)
    refused('NaN', /not JSON/)
    refused(text.replace('40.5', 'NaN'), /not JSON/)
    refused(Uint8Array.of(0xff, 0xfe, 0x00), /not UTF-8/)
    refused(new Uint8Array(0), /not JSON/)
  })

  it('reads numbers too large for a double as the infinities they become, and refuses them', () => {
    refused(text.replace('40.5', '1e999'), /threshold\[0\] must be a finite number.*got Infinity/)
  })

  it('survives deep nesting', () => {
    refused('['.repeat(1_000_000), /model: /)
    refused('['.repeat(200_000) + ']'.repeat(200_000), /model: /)
    refused(text.replace('40.5', '['.repeat(100_000) + ']'.repeat(100_000)), /model: /)
  })

  it('is not fooled by __proto__', () => {
    refused(text.replace('{\n"format"', '{\n"__proto__": {},\n"format"'), /unknown key "__proto__"/)
    refused(text.replace('"learning_rate"', '"__proto__"'), /"__proto__"/)
    assert.equal(({} as Json).learning_rate, undefined)
  })
})
