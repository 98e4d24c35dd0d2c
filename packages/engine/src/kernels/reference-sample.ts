import { powerOfTwo } from '../numeric/exact-sum.js'
import { rowDraw } from '../random.js'
import type { Kernels } from './api.js'
import { nearestEven } from './fixed-point.js'

type SampleKernels = Pick<Kernels,
  'importanceKeys' | 'tallyKeys' | 'markByKey' | 'markByClass' | 'keepMarked' | 'weighMarked' |
  'drawRows'>

/** The naive twins of assembly/row-sample.ts. */
export function referenceSampleKernels(memory: WebAssembly.Memory): SampleKernels {
  const view = (): DataView => new DataView(memory.buffer)
  const key = (keys: number, i: number): number => view().getUint32(keys + i * 4, true)
  return {
    importanceKeys: (keys, pairs, pairStride, planeBytes, nOutputs, n, factors) => {
      const v = view()
      for (let i = 0; i < n; i++) {
        let sum = 0
        for (let k = 0; k < nOutputs; k++) {
          const at = pairs + i * pairStride + k * planeBytes
          const factor = factors === 0 ? 1 : v.getFloat64(factors + k * 8, true)
          sum += Math.abs(v.getInt32(at, true)) * v.getUint32(at + 4, true) * factor
        }
        v.setFloat32(keys + i * 4, sum, true)
      }
    },
    tallyKeys: (counts, keys, n, shift, bits, prefix) => {
      const v = view()
      for (let i = 0; i < n; i++) {
        const digits = Math.floor(key(keys, i) / powerOfTwo(shift))
        if (Math.floor(digits / powerOfTwo(bits)) !== prefix) continue
        const at = counts + digits % powerOfTwo(bits) * 8
        v.setFloat64(at, v.getFloat64(at, true) + 1, true)
      }
    },
    drawRows: (offsets, n, hashStart, firstRow, limit) => {
      let found = 0
      for (let i = 0; i < n; i++) {
        if (rowDraw(hashStart, firstRow + i) >= limit) continue
        view().setInt32(offsets + 4 * found++, i, true)
      }
      return found
    },
    markByKey: (marks, keys, n, threshold, hashStart, firstRow, limit) => {
      for (let i = 0; i < n; i++) {
        const other = rowDraw(hashStart, firstRow + i) < limit ? 2 : 0
        view().setUint8(marks + i, key(keys, i) >= threshold ? 1 : other)
      }
    },
    markByClass: (marks, labels, n, hashStart, firstRow, limitNegative, limitPositive) => {
      const v = view()
      for (let i = 0; i < n; i++) {
        const limit = v.getFloat64(labels + i * 8, true) === 0 ? limitNegative : limitPositive
        v.setUint8(marks + i, Number(rowDraw(hashStart, firstRow + i) < limit))
      }
    },
    keepMarked: (dst, outside, src, n, stride, rowIdOffset, marks) => {
      const bytes = new Uint8Array(memory.buffer)
      let kept = 0
      for (let i = 0; i < n; i++) {
        const record = src + i * stride
        if (bytes[marks + i] !== 0) {
          bytes.copyWithin(dst + kept++ * stride, record, record + stride)
        } else {
          view().setUint32(
            outside + (i - kept) * 4, view().getUint32(record + rowIdOffset, true), true)
        }
      }
      return kept
    },
    weighMarked: (sides, n, stride, rowIdOffset, marks, factor) => {
      const v = view()
      for (let side = sides; side < sides + n * stride; side += stride) {
        if (v.getUint8(marks + v.getUint32(side + rowIdOffset, true)) !== 2) continue
        v.setInt32(side, nearestEven(v.getInt32(side, true) * factor), true)
        v.setUint32(side + 4, nearestEven(v.getUint32(side + 4, true) * factor), true)
      }
    },
  }
}
