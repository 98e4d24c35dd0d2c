import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { binLookup, binOfValue, type NumericLookup } from '../../src/binning/bin-values.js'
import { cellSearch, type SearchWay } from '../../src/binning/cell-search.js'
import { nextUp } from '../../src/numeric/next-up.js'
import type { Kernels } from '../../src/kernels/api.js'
import { Lab, lengths } from './lab.js'

/** A lookup with these bounds, NaN in a bin of its own. */
export function lookupOf(bounds: readonly number[]): NumericLookup {
  const upperBounds = Float64Array.of(...new Set(bounds.toSorted((a, b) => a - b)), Infinity)
  const nBins = upperBounds.length + 1
  const mapper = {
    kind: 'numeric', missing: 'nan', upperBounds, nBins, zeroBin: 0, missingBin: nBins - 1,
  } as const
  return binLookup(mapper) as NumericLookup
}

/** Bounds that are searched in each way. */
export const boundsOf: Readonly<Record<SearchWay, readonly (readonly number[])[]>> = {
  short: [
    [], [3], [-1e-35, 1e-35], Array.from({ length: 254 }, (_, i) => i / 8 - 11),
    [-1.5e308, 1, 2, 3, 1.5e308],
  ],
  long: [
    [0, 1, 2, 3, 1e9, 1e9 + 1, 1e9 + 2],
    Array.from({ length: 252 }, (_, i) => 2 * (i >> 2) + (i & 3) * 1e-9),
  ],
  curved: [
    Array.from({ length: 200 }, (_, i) => 1.2 ** (i - 40)),
    Array.from({ length: 254 }, (_, i) => (i < 127 ? -1 : 1) * 1.5 ** ((i % 127) - 60)),
  ],
}

/** Bounds, their neighbours, values between, and what is special. */
export function searched(bounds: readonly number[], random: TestRandom): number[] {
  const near = bounds.flatMap((bound) => [bound, nextUp(bound), -nextUp(-bound), bound * 1.01])
  const special = [0, -0, NaN, Infinity, -Infinity, 1e308, -1e308, 5e-324]
  return Array.from({ length: 1100 }, (_, i) => i % 9 === 0 || near.length === 0
    ? special[random.below(special.length)]! : near[random.below(near.length)]!)
}

const kernelOf = {
  short: ['searchDoubles', 'searchFloats'],
  long: ['searchDoublesLong', 'searchFloatsLong'],
  curved: ['searchDoublesCurved', 'searchFloatsCurved'],
} as const satisfies Record<SearchWay, readonly (keyof Kernels)[]>

/** What the kernels that search bounds do. */
export function searchContract(make: (memory: WebAssembly.Memory) => Kernels): void {
  const lab = new Lab(make)
  for (const way of ['short', 'long', 'curved'] as const) {
    const [ofDoubles, ofFloats] = kernelOf[way]
    it(`${ofDoubles} and ${ofFloats} find the bins of values`, () => {
      for (const [k, bounds] of boundsOf[way].entries()) {
        const random = new TestRandom(k + 1)
        const lookup = lookupOf(bounds)
        const search = cellSearch(lookup)!
        assert.equal(search.way, way, `bounds ${k}`)
        const drawn = searched(bounds, random)
        for (const [i, n] of lengths.entries()) {
          const [stride, step] = [1 + i % 3, 1 + i % 2]
          for (const [name, values] of [
            [ofDoubles, Float64Array.from(drawn)], [ofFloats, Float32Array.from(drawn)],
          ] as const) {
            lab.clear()
            const bytes = values.BYTES_PER_ELEMENT
            const at = lab.put(new Uint8Array(values.buffer, 0, n * step * bytes))
            const place = lab.put(search.bytes)
            const out = lab.reserve(n * stride)
            lab.run([out], (kernels) => kernels[name](out, stride, at, step * bytes, n, place))
            const expected = new Uint8Array(n * stride)
            for (let row = 0; row < n; row++) {
              expected[row * stride] = binOfValue(lookup, values[row * step]!)
            }
            assert.deepEqual([...lab.bytes(out, n * stride)], [...expected], `${name} ${k} ${n}`)
          }
        }
      }
    })
  }

  it('lookUpCodes finds the bins of codes, and of those that are not known', () => {
    const random = new TestRandom(9)
    for (const nCodes of [0, 1, 7, 300]) {
      const bins = Uint8Array.from({ length: nCodes }, () => random.below(256))
      for (const [i, n] of lengths.entries()) {
        const stride = 1 + i % 3
        const codes = Int32Array.from({ length: n }, () => random.below(nCodes + 4) - 2)
        if (n > 0) codes[0] = -(2 ** 31)
        lab.clear()
        const [at, place] = [lab.put(new Uint8Array(codes.buffer)), lab.put(bins)]
        const out = lab.reserve(n * stride)
        lab.run([out], (kernels) =>
          kernels.lookUpCodes(out, stride, at, n, place, nCodes, 99))
        const expected = new Uint8Array(n * stride)
        codes.forEach((code, row) => { expected[row * stride] = bins[code] ?? 99 })
        assert.deepEqual([...lab.bytes(out, n * stride)], [...expected], `${nCodes} ${n}`)
      }
    }
  })
}
