import assert from 'node:assert/strict'
import {
  naivePercentile, selectNaively, type SelectableRow, TestRandom,
} from '@coppice/testkit'
import type { SelectRequest } from '../../src/execution/protocol.js'
import { mergeSelected, numbersMax, selectPartFault } from '../../src/selection/answer.js'
import {
  SELECT_NUMBERS_MAX, selectPercentiles,
} from '../../src/selection/select-percentiles.js'

/** Rows of several leaves on several engines, and the scale of their weights. */
interface Rows {
  readonly engines: readonly ReadonlyMap<number, readonly SelectableRow[]>[]
  readonly leaves: ReadonlyMap<number, readonly SelectableRow[]>
  readonly weightScale: number
}

type Draw = (random: TestRandom) => number

const draws: Readonly<Record<string, Draw>> = {
  'close to each other': (random) => 1e9 + random.below(1000),
  'with ties': (random) => (random.below(7) - 3) * 2 ** 38,
  'all equal': () => -12345,
  'around 0': (random) => random.below(5) - 2,
  'with heavy tails': (random) => Math.trunc(random.heavyTailed() * 2 ** 36),
  'at both ends': (random) => random.pick([1, -1]) * (2 ** 53 - 1 - random.below(3)),
  'of all magnitudes': (random) => random.pick([1, -1]) * Math.trunc(2 ** (53 * random.uniform())),
}

function makeRows(seed: number, draw: Draw, weighted: boolean, sizes: readonly number[]): Rows {
  const random = new TestRandom(seed)
  const weightScale = weighted ? 2 ** 20 : 0
  const engines = [0, 1, 2].map(() => new Map<number, SelectableRow[]>())
  const leaves = new Map<number, SelectableRow[]>()
  let id = 0
  for (const [node, size] of sizes.entries()) {
    for (let i = 0; i < size; i++) {
      const weight = !weighted ? 1
        : random.pick([0, 2 ** 20, 2 ** 21, 3, Math.trunc(random.uniform() * 2 ** 22)])
      const row = { residual: draw(random) + 0, id: id++, weight }
      for (const place of [leaves, random.pick(engines)]) {
        place.set(node, [...place.get(node) ?? [], row])
      }
    }
  }
  return { engines, leaves, weightScale }
}

/** What the engines together answer. */
function answer({ engines }: Rows, request: SelectRequest) {
  const parts = engines.map((rows) => selectNaively(request, (node) => rows.get(node) ?? []))
  for (const part of parts) {
    assert.equal(selectPartFault(request, part), null)
    assert.ok(part.length <= numbersMax(request.groups))
  }
  assert.ok(numbersMax(request.groups) <= SELECT_NUMBERS_MAX)
  return mergeSelected(request, parts)
}

function find(rows: Rows, alpha: number): { found: number[], nRounds: number } {
  const { leaves, weightScale } = rows
  const selection = selectPercentiles(0, [...leaves].map(([node, own]) =>
    ({ node, nRows: own.length, alpha, weightScale })))
  let nRounds = 0
  let step = selection.next()
  for (; step.done !== true; nRounds++) step = selection.next(answer(rows, step.value))
  return { found: step.value, nRounds }
}

describe('selectPercentiles', () => {
  const sizes = [1, 2, 3, 70, 2000, 64, 65, 5, 300]

  for (const [name, draw] of Object.entries(draws)) {
    for (const weighted of [false, true]) {
      it(`finds what sorting finds: values ${name}${weighted ? ', weighted' : ''}`, () => {
        const rows = makeRows(weighted ? 5 : 3, draw, weighted, sizes)
        for (const alpha of [0.5, 0.9, 1e-6, 0.25, 1 - 2 ** -50]) {
          const { found, nRounds } = find(rows, alpha)
          const expected = [...rows.leaves.values()].map((own) =>
            naivePercentile(own, alpha, rows.weightScale))
          assert.deepEqual(found, expected, `alpha ${alpha}`)
          assert.ok(nRounds <= 7, `${nRounds} rounds`)
        }
      })
    }
  }

  it('takes three rounds for values that differ', () => {
    const rows = makeRows(9, (random) => Math.trunc(random.normal() * 2 ** 37), false, [3000, 4000])
    assert.ok(find(rows, 0.5).nRounds <= 3)
  })

  it('asks for as much as there is room for', () => {
    // the first round of so many leaves would not fit one answer
    const rows = makeRows(4, draws['with heavy tails']!, false, Array.from({ length: 40 }, () => 30))
    const { leaves } = rows
    const many = selectPercentiles(0, Array.from({ length: 400 }, (_, i) =>
      ({ node: i, nRows: 5000, alpha: 0.5, weightScale: 0 })))
    const request = many.next().value as SelectRequest
    assert.ok(request.groups.length > 50 && request.groups.length < 400)
    assert.ok(numbersMax(request.groups) <= SELECT_NUMBERS_MAX)
    assert.equal(find(rows, 0.5).found.length, leaves.size)
  })

  it('rows that weigh nothing, all of them: the last', () => {
    const rows = [5, 3, 9].map((residual, id) => ({ residual, id, weight: 0 }))
    const all = { engines: [new Map([[0, rows]])], leaves: new Map([[0, rows]]), weightScale: 4 }
    assert.deepEqual(find(all, 0.5).found, [9])
  })
})

describe('mergeSelected', () => {
  const rows = makeRows(8, draws['with ties']!, true, [50])
  const request: SelectRequest = { kind: 'select', output: 0, weightScale: rows.weightScale,
    groups: [{ node: 0, low: 1 - 2 ** 53, high: 2 ** 53 - 1, width: -1, count: 50 }] }
  const parts = rows.engines.map((own) => selectNaively(request, (node) => own.get(node) ?? []))

  it('finds rows that were counted twice, or not', () => {
    assert.doesNotThrow(() => mergeSelected(request, parts))
    for (const wrong of [parts.slice(1), [...parts, parts[0]!]]) {
      assert.throws(() => mergeSelected(request, wrong), { code: 'INTERNAL', message: /add up/ })
    }
  })

  it('selectPartFault tells what no engine answers', () => {
    const [part] = parts
    const changed = (at: number, value: number): Float64Array => {
      const other = part!.slice()
      other[at] = value
      return other
    }
    assert.equal(selectPartFault(request, part!), null)
    const wrong: readonly (readonly [Float64Array, RegExp])[] = [
      [new Float64Array(0), /-1 entries/], [changed(0, 99), /99 entries/], [changed(0, 0.5), /0.5/],
      [part!.slice(0, -1), /entries/], [Float64Array.from([...part!, 1]), /left over/],
      [changed(1, -1), /no bucket -1/], [changed(1, 1e6), /no bucket/], [changed(1, 0.5), /whole/],
      [changed(2, 51), /51 rows/], [changed(2, 0), /0 rows/], [changed(3, -1), /whole/],
      [changed(3, NaN), /whole/], [changed(4, part![1]!), /comes after/],
    ]
    for (const [bad, fault] of wrong) assert.match(selectPartFault(request, bad) ?? '', fault)
  })
})
