import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { hasRow, type RowBits } from '@coppice/engine'
import {
  type Fold, foldsOfParts, groupedParts, holdOut, plainParts, stratifiedParts, timeFolds,
} from '../../src/cv/folds.js'
import { drawOrder } from '../../src/cv/row-order.js'
import { draws, rejects } from '../support.js'

type Golden =
  | { readonly kind: 'plain', readonly n: number, readonly k: number, readonly parts: number[] }
  | { readonly kind: 'stratified', readonly k: number, readonly y: number[],
    readonly parts: number[] }
  | { readonly kind: 'grouped', readonly k: number, readonly groups: number[],
    readonly parts: number[] }
  | { readonly kind: 'time', readonly n: number, readonly k: number, readonly gap: number,
    readonly maxTrainRows: number | null, readonly folds: (readonly [number[], number[]])[] }

const golden = JSON.parse(readFileSync(
  new URL('../../../test/cv/folds-golden.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Golden[]
}

function rowsOf(bits: RowBits, nRows: number): number[] {
  return Array.from({ length: nRows }, (_, row) => row).filter((row) => hasRow(bits, row))
}

function count(values: Iterable<number>, n: number): number[] {
  const counts = new Array<number>(n).fill(0)
  for (const value of values) counts[value]!++
  return counts
}

function spread(counts: readonly number[]): number {
  return Math.max(...counts) - Math.min(...counts)
}

function asPlain(folds: readonly Fold[], nRows: number) {
  return folds.map(({ train, valid }) => [rowsOf(train, nRows), rowsOf(valid, nRows)])
}

describe('folds', () => {
  it('are those of scikit-learn where nothing is shuffled', () => {
    assert.equal(golden.cases.length, 15)
    for (const each of golden.cases) {
      switch (each.kind) {
        case 'plain':
          assert.deepEqual([...plainParts(each.n, each.k, null)], each.parts)
          break
        case 'stratified':
          assert.deepEqual([...stratifiedParts(each.y, each.k, null)], each.parts)
          break
        case 'grouped':
          assert.deepEqual([...groupedParts(each.groups, each.k, null)], each.parts)
          break
        case 'time':
          assert.deepEqual(
            asPlain(timeFolds(each.n, null, { ...each, nFolds: each.k }), each.n), each.folds)
      }
    }
  })

  it('shuffled have equal sizes, each class its share, groups whole; by the seed alone', () => {
    const draw = draws(1)
    const y = Array.from({ length: 1003 }, () => Math.floor(draw() * draw() * 6))
    const groups = Array.from({ length: 1003 }, () => Math.floor(draw() * 90))
    for (const seed of [0, 1, -5]) {
      const plain = plainParts(1003, 7, seed)
      assert.ok(spread(count(plain, 7)) <= 1)
      const stratified = stratifiedParts(y, 7, seed)
      assert.ok(spread(count(stratified, 7)) <= 1)
      for (const k of new Set(y)) {
        assert.ok(spread(count(stratified.filter((_, row) => y[row] === k), 7)) <= 1)
      }
      const grouped = groupedParts(groups, 7, seed)
      const foldOf = new Map(groups.map((group, row) => [group, grouped[row]]))
      groups.forEach((group, row) => assert.equal(grouped[row], foldOf.get(group)))
      assert.ok(spread(count(grouped, 7)) < 30)
      for (const [parts, make] of [
        [plain, (s: number) => plainParts(1003, 7, s)],
        [stratified, (s: number) => stratifiedParts(y, 7, s)],
        [grouped, (s: number) => groupedParts(groups, 7, s)],
      ] as const) {
        assert.deepEqual(make(seed), parts)
        assert.notDeepEqual(make(seed + 1), parts)
      }
    }
  })

  it('are complements of each other', () => {
    const folds = foldsOfParts(plainParts(50, 4, 3), 4)
    for (const { train, valid } of folds) {
      assert.deepEqual([...rowsOf(train, 50), ...rowsOf(valid, 50)].sort((a, b) => a - b),
        Array.from({ length: 50 }, (_, row) => row))
    }
    assert.equal(folds.flatMap(({ valid }) => rowsOf(valid, 50)).length, 50)
  })

  it('by time train on the past alone, and cut no time', () => {
    const draw = draws(2)
    const times = Float64Array.from({ length: 400 }, () => Math.floor(draw() * 60))
    for (const { train, valid } of timeFolds(400, times,
      { nFolds: 5, gap: 0, maxTrainRows: null })) {
      const last = Math.max(...rowsOf(train, 400).map((row) => times[row]!))
      assert.ok(rowsOf(valid, 400).every((row) => times[row]! > last))
    }
    assert.throws(() => timeFolds(400, new Float64Array(400),
      { nFolds: 2, gap: 0, maxTrainRows: null }), /of one time/)
  })

  it('are refused where there are not rows, groups or classes enough', async () => {
    await rejects(() => plainParts(3, 4, 0), 'DATA', '4 folds', '3')
    await rejects(() => groupedParts([1, 1, 2, 2], 3, 0), 'DATA', '3 groups')
    await rejects(() => stratifiedParts([0, 1, 2, 3], 2, 0), 'DATA', 'no class has 2 rows')
    await rejects(() => timeFolds(3, null, { nFolds: 3, gap: 0, maxTrainRows: null }), 'DATA')
  })
})

describe('holdOut', () => {
  it('takes the share of each class, and as many rows as scikit-learn', () => {
    const draw = draws(3)
    const y = Array.from({ length: 997 }, () => Number(draw() < 0.1))
    const { train, valid } = holdOut(997, y, 0.1, 5)
    const rows = rowsOf(valid, 997)
    assert.equal(rows.length, Math.ceil(99.7))
    assert.equal(rowsOf(train, 997).length, 897)
    const positives = y.filter((label) => label === 1).length
    assert.ok(Math.abs(rows.filter((row) => y[row] === 1).length - positives / 10) <= 1)
    assert.deepEqual(holdOut(997, y, 0.1, 5).valid, valid)
    assert.notDeepEqual(holdOut(997, y, 0.1, 6).valid, valid)
    assert.throws(() => holdOut(3, null, 0.9, 1), /leaves none/)
  })
})

describe('drawOrder', () => {
  it('is a permutation that depends on the seed', () => {
    const order = drawOrder(5000, 11)
    assert.deepEqual([...order].sort((a, b) => a - b), [...drawOrder(5000, null)])
    assert.notDeepEqual(order, drawOrder(5000, 12))
  })
})
