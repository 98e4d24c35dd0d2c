import assert from 'node:assert/strict'
import { joinTypes } from '../src/column-types.js'
import type { ColumnType, PartitionPlan } from '../src/reader.js'
import { joinColumns, type PlannedPartition, resolveRoles } from '../src/schema.js'
import { nearestName } from '../src/suggest.js'

const types: ColumnType[] = ['empty', 'bool', 'int', 'float', 'date', 'string']

describe('joinTypes', () => {
  it('keeps durations apart from dates and from numbers, whose unit nobody knows', () => {
    assert.equal(joinTypes('duration', 'duration'), 'duration')
    assert.equal(joinTypes('empty', 'duration'), 'duration')
    assert.equal(joinTypes('duration', 'string'), 'string')
    for (const other of ['bool', 'int', 'float', 'date'] as const) {
      assert.equal(joinTypes('duration', other), null)
      assert.equal(joinTypes(other, 'duration'), null)
    }
  })

  it('is a join: idempotent, commutative and associative, with empty below all', () => {
    const join = (a: ColumnType | null, b: ColumnType | null) =>
      a === null || b === null ? null : joinTypes(a, b)
    for (const a of types) {
      assert.equal(joinTypes(a, a), a)
      assert.equal(joinTypes('empty', a), a)
      for (const b of types) {
        assert.equal(joinTypes(a, b), joinTypes(b, a))
        for (const c of types) {
          // A date with a number has no join; text above both hides the conflict.
          if ([a, b, c].includes('string')) continue
          assert.equal(join(join(a, b), c), join(a, join(b, c)), `${a} ${b} ${c}`)
        }
      }
    }
  })
  it('orders bool, int and float, keeps dates apart and puts string above all', () => {
    assert.equal(joinTypes('bool', 'int'), 'int')
    assert.equal(joinTypes('float', 'int'), 'float')
    assert.equal(joinTypes('date', 'int'), null)
    for (const type of types) assert.equal(joinTypes(type, 'string'), 'string')
  })
})

describe('resolveRoles', () => {
  const names = ['y', 'w', 'q', 'a', 'b', 'c', '7']

  it('makes features of all columns without another role, in their order', () => {
    const roles = resolveRoles(names, { label: 'y', weight: 'w', group: 'q', ignore: ['b'] })
    assert.deepEqual(roles.features, [3, 5, 6])
    assert.deepEqual([...roles.labels, roles.weight, roles.group], [0, 1, 2])
    assert.deepEqual(resolveRoles(names, {}).features, [0, 1, 2, 3, 4, 5, 6])
  })

  it('does not count the label in the indices of other columns, as LightGBM', () => {
    const first = resolveRoles(names, { label: 0, weight: 0, ignore: [1, 2] })
    assert.deepEqual([...first.labels, first.weight], [0, 1])
    assert.deepEqual(first.features, [4, 5, 6])
    const middle = resolveRoles(names, { label: 3, weight: 2, group: 3 })
    assert.deepEqual([...middle.labels, middle.weight, middle.group], [3, 2, 4])
    assert.equal(resolveRoles(names, { weight: 0 }).weight, 0)
    const several = resolveRoles(names, { label: [5, 1], weight: 1, group: 4 })
    assert.deepEqual([several.labels, several.weight, several.group], [[5, 1], 2, 6])
  })

  it('takes several label columns, in the order given', () => {
    for (const label of ['b,y', 'name:b,y', ['b', 'y'], '4,0', [4, 0]]) {
      const roles = resolveRoles(names, { label, weight: 'w' })
      assert.deepEqual([roles.labels, roles.features], [[4, 0], [2, 3, 5, 6]])
    }
    assert.throws(() => resolveRoles(names, { label: 'y,y' }), /'y' is named as label twice/)
  })

  it('takes the prefix name:, lists in one string, and digits as an index', () => {
    const expected = resolveRoles(names, { label: 'y', ignore: ['a', 'c'] })
    for (const ignore of ['a,c', 'name:a,c', ['name:a', 'c'], '2,4', [2, 4]]) {
      assert.deepEqual(resolveRoles(names, { label: 'name:y', ignore }), expected)
    }
    // A column that is named by digits goes before an index.
    assert.deepEqual(resolveRoles(names, { categorical: '7' }).categorical, new Set([6]))
    for (const ignore of ['a,', 'a,,c', 'name:,a']) {
      assert.throws(() => resolveRoles(names, { label: 'y', ignore }),
        { code: 'DATA', message: /ignore column '' does not exist/ })
    }
    assert.deepEqual(resolveRoles(names, { label: 'y', ignore: '' }),
      resolveRoles(names, { label: 'y' }))
  })

  it('refuses indices beyond the columns', () => {
    assert.throws(() => resolveRoles(names, { label: 7 }), /label column 7 .* in \[0, 6\]/)
    assert.throws(() => resolveRoles(names, { label: 0, weight: 6 }), /in \[0, 5\], not counting/)
    assert.throws(() => resolveRoles(names, { label: 1.5 }), /label column 1.5/)
  })
})

describe('joinColumns', () => {
  const planOf = (columns: Record<string, ColumnType | null>, nRows = 1): PartitionPlan => ({
    columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
    nRows,
    units: [],
    detail: null,
  })
  const partition = (
    name: string,
    columns: Record<string, ColumnType | null>,
    nRows?: number,
  ): PlannedPartition => ({ name, format: 'parquet', plan: planOf(columns, nRows) })

  it('matches columns by name and joins their types', () => {
    const joint = joinColumns([
      partition('empty', {}, 0),
      partition('a', { x: 'int', y: 'empty', z: null }),
      partition('b', { z: null, y: 'date', x: 'float' }),
    ])
    assert.deepEqual(joint.names, ['x', 'y', 'z'])
    assert.deepEqual(joint.types, ['float', 'date', null])
    assert.deepEqual(joint.indexOf, [
      [-1, -1, -1],
      [0, 1, 2],
      [2, 1, 0],
    ])
  })
  it('lets LibSVM partitions lack columns, and takes the widest', () => {
    const sparse = (name: string, nColumns: number): PlannedPartition => ({
      ...partition(
        name,
        Object.fromEntries(Array.from({ length: nColumns }, (_, i) => [`c${i}`, null])),
      ),
      format: 'libsvm',
    })
    const joint = joinColumns([sparse('a', 1), sparse('b', 3), sparse('c', 2)])
    assert.deepEqual(joint.names, ['c0', 'c1', 'c2'])
    assert.deepEqual(joint.indexOf, [
      [0, -1, -1],
      [0, 1, 2],
      [0, 1, -1],
    ])
  })
  it('tells of types that do not go together, naming both partitions', () => {
    const joint = joinColumns([partition('a', { x: 'int', d: 'int', y: 'int' }),
      partition('b', { x: 'string', d: 'duration', y: 'float' }),
      partition('c', { x: 'date', d: 'int', y: 'bool' })])
    assert.deepEqual(joint.types, [null, null, 'float'])
    assert.deepEqual([...joint.conflicts.keys()], ['x', 'd'])
    assert.match(joint.conflicts.get('x')!.message, /'x' is int in a but string in b/)
    assert.match(joint.conflicts.get('d')!.message, /'d' is int in a but duration in b/)
  })
})

describe('nearestName', () => {
  it('finds misspellings, swaps and other cases, and nothing far', () => {
    const names = ['delay', 'distance', 'origin']
    assert.equal(nearestName('dleay', names), 'delay')
    assert.equal(nearestName('z', ['y', 'x']), null)
    assert.equal(nearestName('Y', ['x', 'y']), 'y')
    assert.equal(nearestName('x1', ['x2', 'X1']), 'X1')
    assert.equal(nearestName('Distance', names), 'distance')
    assert.equal(nearestName('orign', names), 'origin')
    assert.equal(nearestName('zebra', names), null)
    assert.equal(nearestName('', names), null)
  })
})
