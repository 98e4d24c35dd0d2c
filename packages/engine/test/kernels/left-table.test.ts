import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { leftTableBytes, planColumns, writeLeft } from '../../src/execution/columns.js'
import { LeftTableWriter } from '../../src/execution/left-table.js'
import type { Kernels } from '../../src/kernels/api.js'
import { Arena } from '../../src/kernels/arena.js'
import { instantiateKernels } from '../../src/kernels/load.js'
import { referenceKernels } from '../../src/kernels/reference.js'
import { Lab } from './lab.js'

const makers = { wasm: instantiateKernels, reference: referenceKernels }

for (const [name, make] of Object.entries(makers)) {
  describe(`spreadBits (${name})`, () => {
    it('writes a byte for each bit', () => {
      const lab = new Lab(make)
      const random = new TestRandom(1)
      const sets = [
        () => 0, () => 255, (i: number) => 1 << (i & 7), () => random.below(256),
      ]
      for (const set of sets) {
        lab.clear()
        const own = Array.from({ length: 32 }, (_, i) => set(i))
        const bits = lab.put(own)
        const bytes = lab.put(Array.from({ length: 256 }, () => 7))
        lab.run([bytes], (k) => k.spreadBits(bytes, bits))
        assert.deepEqual([...lab.bytes(bytes, 256)],
          Array.from({ length: 256 }, (_, bit) => (own[bit >> 3]! >> (bit & 7)) & 1))
      }
    })
  })

  describe(`LeftTableWriter (${name})`, () => {
    it('writes what writeLeft does: alone, bundled and wide', () => {
      const nBins = [2, 255, 256, 5, 300, 4, 3]
      const features = nBins.map((n) => ({ nBins: n, missingBin: -1, isCategorical: false }))
      const bundle = [[3, 2], [5, 0], [6, 1]] as const
      const plan = planColumns(
        features, [bundle.map(([feature, defaultBin]) => ({ feature, defaultBin }))])
      const arena = new Arena()
      const kernels: Kernels = make(arena.memory)
      const writer = new LeftTableWriter(arena, kernels, plan)
      assert.equal(writer.tableBytes, leftTableBytes(plan))
      const table = arena.reserve(writer.tableBytes)
      // where memory has grown since, it writes to the grown one
      arena.reserve(20 * 2 ** 20)
      const random = new TestRandom(2)
      for (const [feature, n] of nBins.entries()) {
        for (let turn = 0; turn < 8; turn++) {
          const last = random.below(n)
          const set = n > 256 ? Uint8Array.of(0, 0, last & 255, last >> 8)
            : Uint8Array.from({ length: 32 }, () => random.below(256))
          const expected = new Uint8Array(writer.tableBytes)
          writeLeft(expected, plan, feature, set)
          arena.bytes(table, writer.tableBytes).fill(0)
          writer.write(table, feature, set)
          assert.deepEqual(arena.bytes(table, writer.tableBytes), expected)
        }
      }
    })
  })
}
