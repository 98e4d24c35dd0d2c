import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import type { Kernels } from '../../src/kernels/api.js'
import { ExactSum, powerOfTwo } from '../../src/numeric/exact-sum.js'
import { Lab, lengths } from './lab.js'

const MAGIC = 6_755_399_441_055_744

interface Row {
  readonly gradient: number
  readonly hessian: number
  readonly values: readonly number[]
}

function makeRows(n: number, nValues: number): Row[] {
  const random = new TestRandom(n * 10 + nValues)
  const whole = (): number => random.pick([0, 1, 2 ** 30, random.below(2 ** 30)])
  return Array.from({ length: n }, () => ({
    gradient: whole() * random.pick([1, -1]),
    hessian: whole(),
    values: Array.from({ length: nValues }, () =>
      random.pick([0, 1, -1, random.normal() / 8, random.normal() * powerOfTwo(-40)])),
  }))
}

/** Sums of the normal equations of linear leaves. */
export function momentContract(make: (memory: WebAssembly.Memory) => Kernels): void {
  const lab = new Lab(make)

  /** Sums of the rows in calls of so many, and the units of the two planes. */
  function sumsOf(
    rows: readonly Row[], nValues: number, atOnce: number, [coarse, fine]: readonly number[],
  ): { lines: number[][], parts: bigint[] } {
    lab.clear()
    const width = nValues + 1 + (nValues + 1) % 2
    const nCells = (nValues + 2) * width
    const sums = lab.reserve(2 * nCells * 8)
    for (let first = 0; first < Math.max(1, rows.length); first += atOnce) {
      const batch = rows.slice(first, first + atOnce)
      const at = lab.putDoubles(batch.flatMap(({ gradient, hessian, values }) =>
        [gradient, hessian, ...values, 1, ...(width > nValues + 1 ? [0] : [])]))
      lab.run([sums], (kernels) => kernels.linearMoments(
        sums, at, batch.length, nValues, MAGIC * powerOfTwo(coarse!), MAGIC * powerOfTwo(fine!)))
    }
    const parts = lab.longs(sums, 2 * nCells)
    const value = (cell: number): number => {
      const whole = (parts[cell]! << BigInt(coarse! - fine!)) + parts[nCells + cell]!
      return Number(whole) * powerOfTwo(fine!)
    }
    const lines = Array.from({ length: nValues + 2 }, (_, m) =>
      Array.from({ length: nValues + 1 }, (_cell, j) =>
        m <= nValues && j < m ? 0 : value(m * width + j)))
    const meant = parts.filter((_, cell) => {
      const [m, j] = [Math.floor(cell % nCells / width), cell % width]
      return j <= nValues && (m > nValues || j >= m)
    })
    return { lines, parts: meant }
  }

  it('linearMoments sums products exactly, as far as its units go', () => {
    for (const n of lengths) {
      for (const nValues of [0, 1, 2, 3, 6]) {
        const rows = makeRows(n, nValues)
        const { lines } = sumsOf(rows, nValues, 600, [-20, -71])
        for (const [m, line] of lines.entries()) {
          for (const [j, got] of line.entries()) {
            if (m <= nValues && j < m) continue
            const sum = new ExactSum()
            for (const { gradient, hessian, values } of rows) {
              const x = [...values, 1]
              sum.add(m > nValues ? gradient * x[j]! : hessian * x[m]! * x[j]!)
            }
            const off = Math.abs(got - sum.value())
            // each product is off by half a unit, the sum is rounded once more
            assert.ok(off <= (n + 1) * powerOfTwo(-71) + Math.abs(got) * powerOfTwo(-52),
              `n ${n}, ${nValues} values, line ${m}, ${j}: off by ${off}`)
          }
        }
      }
    }
  })

  it('linearMoments gives the same whole numbers however rows are cut', () => {
    const rows = makeRows(513, 5)
    for (const units of [[-20, -71], [-3, -40]]) {
      const whole = sumsOf(rows, 5, 513, units).parts
      for (const atOnce of [1, 7, 128]) {
        assert.deepEqual(sumsOf(rows, 5, atOnce, units).parts, whole)
      }
      assert.deepEqual(sumsOf([...rows].reverse(), 5, 100, units).parts, whole)
    }
  })
}
