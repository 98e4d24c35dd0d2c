/** The indices of a page into its dictionary. */
import { enterMachine } from './decoding-machine.js'
import { DamagedPageError, decodeHybrid } from './rle.js'

/** More indices than this are decoded where they go: the memory of the kernels stays small. */
const KERNEL_INDICES_MAX = 1 << 22
/** Fewer take longer to bring into that memory, and back. */
const KERNEL_INDICES_MIN = 128
/** Bytes that indices take at most as writers have them, with room for headers of runs. */
const BYTES_PER_INDEX = 8
/** Dictionaries of more entries than this, per index of the page, take longer to copy. */
const ENTRIES_PER_INDEX = 8

/** Where indices stand: in bytes[start .. ), the first one their width. */
export interface IndexPage {
  readonly bytes: Uint8Array
  readonly start: number
  readonly nValues: number
}

/** A dictionary whose entries get codes as they are met. */
export interface CodedEntries {
  /** By entry; -1 where it has none yet. Modified in place. */
  readonly codes: Int32Array
  /** Gives an entry its code, 0 or more; called once for each, in order of first appearance. */
  readonly codeOf: (entry: number) => number
}

/**
 * Decodes the indices of a page into out[0 .. nValues), or their codes.
 *
 * @throws DamagedPageError for an index that is not below nEntries, and for runs that end early
 */
export function decodeIndices(
  page: IndexPage, nEntries: number, out: Int32Array, coded: CodedEntries | null = null,
): void {
  const { nValues } = page
  const isForKernel = nValues >= KERNEL_INDICES_MIN && nValues <= KERNEL_INDICES_MAX
  const codedThere = nEntries <= ENTRIES_PER_INDEX * nValues ? coded : null
  const isDecoded = isForKernel && decodeByKernel(page, nEntries, out, codedThere)
  if (!isDecoded) decodeIndicesSlowly(page, nEntries, out)
  if (coded !== null && !(isDecoded && codedThere !== null)) recodeSlowly(out, nValues, coded)
}

/** False, with `out` as it was and no entry coded, where the page is for the twin. */
function decodeByKernel(
  { bytes, start, nValues }: IndexPage, nEntries: number, out: Int32Array,
  coded: CodedEntries | null,
): boolean {
  const width = bytes[start]
  if (width === undefined) return false
  const machine = enterMachine()
  try {
    const length = Math.min(bytes.length - start - 1, BYTES_PER_INDEX * (nValues + 8))
    const page = machine.reserveText(length)
    const indices = machine.reserve(4 * nValues)
    const table = coded === null ? 0 : machine.reserve(4 * nEntries)
    machine.bytes(page, length).set(bytes.subarray(start + 1, start + 1 + length))
    const { kernels } = machine
    if (kernels.decodeIndices(indices, page, length, width, nValues, nEntries) === 0) return false
    const found = machine.ints(indices, nValues)
    if (coded !== null) {
      const codes = machine.ints(table, nEntries)
      codes.set(coded.codes)
      let row = 0
      while ((row = kernels.recodeIndices(indices, row, nValues, table)) < nValues) {
        const entry = found[row]!
        coded.codes[entry] = codes[entry] = coded.codeOf(entry)
      }
    }
    out.set(found)
    return true
  } finally {
    machine.leave()
  }
}

/** The twin of the kernel, which tells what is wrong. */
export function decodeIndicesSlowly(
  { bytes, start, nValues }: IndexPage, nEntries: number, out: Int32Array,
): void {
  const width = bytes[start]
  if (width === undefined) throw new DamagedPageError('a page is empty')
  decodeHybrid({ bytes, offset: start + 1, end: bytes.length }, width, out, nValues)
  // All bits together are no less than the largest index, and negative where one is.
  let bits = 0
  for (let i = 0; i < nValues; i++) bits |= out[i]!
  if (bits >= 0 && bits < nEntries) return
  for (let i = 0; i < nValues; i++) {
    const isKnown = out[i]! >= 0 && out[i]! < nEntries
    if (!isKnown) throw new DamagedPageError('an index has no value')
  }
}

function recodeSlowly(out: Int32Array, nValues: number, { codes, codeOf }: CodedEntries): void {
  for (let i = 0; i < nValues; i++) {
    const entry = out[i]!
    if (codes[entry]! < 0) codes[entry] = codeOf(entry)
    out[i] = codes[entry]!
  }
}
