import assert from 'node:assert/strict'
import { linearSetup } from '../../src/linear/linear-plan.js'
import { LEAF_HEAD, nMoments, type MomentsPart } from '../../src/linear/moments.js'
import { solveLeaf, solvePositive, type LeafSolution } from '../../src/linear/solve-leaf.js'
import { powerOfTwo } from '../../src/numeric/exact-sum.js'

interface Row {
  readonly x: readonly number[]
  readonly y: number
  readonly weight?: number
}

const scale = powerOfTwo(20)

/** The leaf of squared error, from scores of 0, by sums as the engines make them. */
function solve(rows: readonly Row[], lambda = 0): LeafSolution | null {
  const k = rows[0]?.x.length ?? 0
  const extents = Array.from({ length: k }, (_, f) =>
    Math.max(0, ...rows.map(({ x }) => Math.abs(x[f]!))))
  const setup = linearSetup({
    features: extents.map(() => ({ nBins: 9, missingBin: -1, isCategorical: false })),
    nRows: rows.length, extents,
  }, { numLeaves: 31, maxDepth: -1 })
  const part: MomentsPart = new BigInt64Array(LEAF_HEAD + 2 * nMoments(k))
  part[0] = part[1] = BigInt(rows.length)
  const add = (at: number, product: number): void => {
    const coarse = Math.round(product / powerOfTwo(setup.coarse))
    part[LEAF_HEAD + at]! += BigInt(coarse)
    const rest = product - coarse * powerOfTwo(setup.coarse)
    part[LEAF_HEAD + nMoments(k) + at]! += BigInt(Math.round(rest / powerOfTwo(setup.fine)))
  }
  for (const { x, y, weight = 1 } of rows) {
    const values = [...x.map((value, f) => value * powerOfTwo(-setup.exponents[f]!)), 1]
    const h = Math.round(weight * scale)
    let at = 0
    values.forEach((a, m) => values.slice(m).forEach((b) => add(at++, h * a * b)))
    for (const a of values) add(at++, Math.round(-y * weight * scale) * a)
  }
  return solveLeaf(part, 0, {
    ...setup, gradientScale: scale, hessianScale: scale, lambda,
  })
}

function assertNear(found: LeafSolution | null, constant: number, slopes: readonly number[]): void {
  assert.ok(found !== null)
  const near = (a: number, b: number): boolean =>
    Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b))
  assert.ok(near(found.constant, constant), `constant ${found.constant}, not ${constant}`)
  found.coefficients.forEach((slope, i) =>
    assert.ok(near(slope, slopes[i]!), `slope ${i} is ${slope}, not ${slopes[i]}`))
}

const grid = Array.from({ length: 30 }, (_, i) => [i % 6, Math.floor(i / 6)] as const)

describe('solveLeaf', () => {
  it('finds the function that the rows follow', () => {
    assertNear(solve(grid.map(([a, b]) => ({ x: [a, b], y: 3 + 2 * a - 0.5 * b }))), 3, [2, -0.5])
    assertNear(solve(grid.map(([a]) => ({ x: [], y: a }))), 2.5, [])
  })

  it('knows features of any size, however far from 0 their values are', () => {
    const axes = [[1e-9, 0], [1e12, 0], [1, 2020], [86_400_000, 1.7e12], [1, 1e5]]
    for (const [unit, origin] of axes) {
      const rows = grid.map(([a, b]) => ({ x: [origin! + unit! * a, b], y: 1 + 4 * a + b }))
      const found = solve(rows)
      assert.ok(found !== null)
      for (const { x, y } of rows) {
        const rise = found.coefficients[0]! * (x[0]! - origin!) + found.coefficients[1]! * x[1]!
        const base = found.constant + found.coefficients[0]! * origin!
        assert.ok(Math.abs(rise + base - y) < 1e-5, `${unit} ${origin}: ${rise + base} for ${y}`)
      }
    }
  })

  it('weighs rows, and regularises coefficients but not the constant', () => {
    const rows = grid.map(([a], i) => ({ x: [a], y: a * a, weight: 1 + i % 3 }))
    for (const lambda of [0, 1, 50, 1e9]) {
      const w = rows.reduce((sum, row) => sum + row.weight, 0)
      const mean = (of: (row: typeof rows[number]) => number): number =>
        rows.reduce((sum, row) => sum + row.weight * of(row), 0) / w
      const [mx, my] = [mean(({ x }) => x[0]!), mean(({ y }) => y)]
      const variance = mean(({ x }) => (x[0]! - mx) ** 2) * w
      const slope = mean(({ x, y }) => (x[0]! - mx) * (y - my)) * w / (variance + lambda)
      assertNear(solve(rows, lambda), my - slope * mx, [slope])
    }
  })

  it('gives features that tell nothing more the coefficient 0', () => {
    const found = solve(grid.map(([a, b]) => ({ x: [a, 0.3, 2 * a, b, a + b], y: a - b })))
    assert.ok(found !== null)
    assert.equal(found.coefficients[1], 0)
    assert.equal(found.coefficients.filter((slope) => slope === 0).length, 3)
    grid.forEach(([a, b]) => {
      const value = [a, 0.3, 2 * a, b, a + b].reduce((sum, x, i) =>
        sum + x * found.coefficients[i]!, found.constant)
      assert.ok(Math.abs(value - (a - b)) < 1e-6)
    })
  })

  it('is null for fewer rows than unknowns, and for rows of no weight', () => {
    assert.equal(solve([{ x: [1, 2], y: 1 }, { x: [2, 1], y: 2 }]), null)
    assert.ok(solve([{ x: [1, 2], y: 1 }, { x: [2, 1], y: 2 }, { x: [3, 5], y: 2 }]) !== null)
    assert.equal(solve(grid.map(([a]) => ({ x: [a], y: 1, weight: 0 }))), null)
    assert.equal(solve([]), null)
  })
})

describe('solvePositive', () => {
  it('solves systems whose unknowns depend on each other in any order', () => {
    const matrix = [4, 2, 1, 2, 3, 0.5, 1, 0.5, 5]
    const solved = solvePositive(Float64Array.from(matrix), Float64Array.of(1, 2, 3), 3)
    for (const [i, right] of [1, 2, 3].entries()) {
      const left = [0, 1, 2].reduce((sum, j) => sum + matrix[i * 3 + j]! * solved[j]!, 0)
      assert.ok(Math.abs(left - right) < 1e-12)
    }
  })

  it('is 0 where a row of the matrix is', () => {
    assert.deepEqual([...solvePositive(Float64Array.of(2, 0, 0, 0), Float64Array.of(4, 0), 2)],
      [2, 0])
  })
})
