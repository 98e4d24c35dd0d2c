/**
 * What the kernels that read files are given to do: text, pages of indices, stored numbers.
 *
 * @typedef {import('./work.mjs').Work} Work
 * @typedef {import('./bench-memory.mjs').BenchMemory} BenchMemory
 */
import { inRoot } from '../../lib/paths.mjs'
import { copies, reads } from './work-limits.mjs'

const data = (file) => import(inRoot('packages/data/dist/src/formats', file))
const { DICTIONARY_BYTES, POWERS_BYTES, TEXT_MARGIN, writePowers } = await data('csv-kernels.js')
const { missingMarkers } = await data('csv-bytes.js')
const { writeLiterals } = await data('csv-literals.js')
const { defaultTextOptions } = await data('../readers.js')

/** No more rows are different: they are gone through as often as makes up all rows. */
const rowsMax = 65_536
/** Bytes of a piece of text that `scanRecords` is given. */
const pieceBytes = 256 * 1024
/** Fields of a block that `splitFields` finds at a time. */
const fieldsOfBlock = 8192
/** Numbers of a piece that is converted. */
const numbersOfPiece = 8192
const nWords = 1000
const comma = 44
const safeMax = 2 ** 53

/**
 * @param {BenchMemory} memory - nothing is in it
 * @param {{ nRows: number }} shape
 * @returns {Work[]}
 */
export function dataWorks(memory, { nRows }) {
  const n = Math.min(nRows, rowsMax)
  const shape = { n, times: Math.max(1, Math.round(nRows / n)) }
  const plain = putTable(memory, n, plainRecords(memory.random, n), 5)
  const quoted = putTable(memory, n, quotedRecords(memory.random, n), 2)
  return [
    scanWork(memory, 'scanRecords', plain, shape),
    scanWork(memory, 'scanRecords, quoted texts', quoted, shape),
    splitWork(memory, 'splitFields', plain, shape),
    splitWork(memory, 'splitFields, quoted texts', quoted, shape),
    ...parseWorks(memory, plain, shape),
    internWork(memory, `internTexts, ${nWords} texts`,
      { table: plain, slot: 4, nTexts: nWords, ...shape }),
    internWork(memory, 'internTexts, quoted',
      { table: quoted, slot: 1, nTexts: 2 * nWords, ...shape }),
    // once, since they are different only the first time
    internWork(memory, 'internTexts, all different',
      { table: plain, slot: 2, nTexts: n, n, times: 1 }),
    rehashWork(memory, plain, n),
    ...indexWorks(memory, shape),
    ...storedWorks(memory, nRows),
  ]
}

/** An integer, a short decimal, a double with all its digits, one with gaps, and a word. */
function plainRecords(random, n) {
  const digits = () => (random.next() * 0x10_0000 + (random.next() >>> 12)) / 2 ** 52
  return Array.from({ length: n }, () => [
    random.next() % 100_000, random.normal().toFixed(3), digits(),
    random.next() % 4 === 0 ? 'NA' : random.next() % 1000, wordOf(random.next() % nWords),
  ])
}

/** A number, and a text in quotes: most have a comma in it, some a quote. */
function quotedRecords(random, n) {
  return Array.from({ length: n }, () => {
    const word = wordOf(random.next() % nWords)
    const end = random.next() % 8 === 0 ? ' ""x""' : ', etc'
    return [random.next() % 100_000, `"${word}${end}"`]
  })
}

/** Of 4 to 19 letters. */
function wordOf(i) {
  return 'qwertyuiopasdfg'.slice(0, i % 16) + String.fromCharCode(
    ...[i, i >> 2, i >> 4, i >> 6].map((value) => 97 + value % 26)) + (i % 1000)
}

/** The text of records, and where the fields are, block by block, as `splitFields` finds them. */
function putTable(memory, n, records, nColumns) {
  const lines = records.map((fields) => `${fields.join(',')}\n`)
  const bytes = new TextEncoder().encode(lines.join(''))
  const text = memory.reserve(bytes.length + 2 * TEXT_MARGIN) + TEXT_MARGIN
  memory.bytes(text, bytes.length).set(bytes)
  const slots = memory.put(Int32Array.from({ length: nColumns }, (_, column) => column))
  const table = {
    text, nBytes: bytes.length, nColumns, slots, out: memory.reserve(16), blocks: [], pieces: [],
    fieldBytes: records[0].map((_, column) =>
      records.reduce((sum, fields) => sum + String(fields[column]).length, 0)),
  }
  const rowsOfBlock = Math.floor(fieldsOfBlock / nColumns)
  const rowsOfPiece = Math.floor(pieceBytes / (bytes.length / n))
  // of the line behind those cut so far
  let at = text
  let blockAt = text
  let pieceAt = text
  for (let first = 0; first < n; first++) {
    at += lines[first].length
    const row = first + 1
    if (row % rowsOfBlock === 0 || row === n) {
      const nRows = row - Math.floor(first / rowsOfBlock) * rowsOfBlock
      table.blocks.push(putBlock(memory, table, {
        text: blockAt, length: at - blockAt, first: row - nRows, nRows,
      }))
      blockAt = at
    }
    if (row % rowsOfPiece === 0 || row === n) {
      table.pieces.push({ text: pieceAt, length: at - pieceAt })
      pieceAt = at
    }
  }
  return table
}

/** A block with its fields found. */
function putBlock(memory, table, { text, length, first, nRows }) {
  // A record behind the last is met before it is known to be one.
  const stride = nRows + 1
  const fieldBytes = table.nColumns * stride * 4
  const block = {
    text, length, first, nRows, stride,
    starts: memory.reserve(fieldBytes), ends: memory.reserve(fieldBytes),
  }
  split(memory.kernels, table, block, block)
  return block
}

function split(kernels, { out, nColumns, slots }, block, { starts, ends }) {
  const { text, length, nRows, stride } = block
  const found = kernels.splitFields(
    out, text, length, 1, comma, nColumns, slots, nRows, starts, ends, stride)
  if (found !== nRows) throw new Error(`splitFields: ${found} rows of ${nRows}`)
}

/** @returns {Work} */
function scanWork(memory, name, { text, nBytes, nColumns, pieces }, { n, times }) {
  const { kernels } = memory
  const out = memory.reserve(pieces.length * 16)
  return {
    name, kernels: ['scanRecords'], unit: 'byte', nUnits: nBytes * times,
    run: () => {
      for (let time = 0; time < times; time++) {
        for (let i = 0; i < pieces.length; i++) {
          kernels.scanRecords(out + i * 16, pieces[i].text, pieces[i].length, comma, nColumns)
        }
      }
    },
    result: () => {
      const found = memory.ints(out, pieces.length * 4)
      const nFound = pieces.reduce((sum, _, i) => sum + found[i * 4 + 1], 0)
      if (nFound !== n) throw new Error(`scanRecords: ${nFound} records of ${n}`)
      return [memory.bytes(out, pieces.length * 16), memory.bytes(text, nBytes)]
    },
    limit: reads(1, nBytes, '1 byte read'),
  }
}

/** Blocks are split to the same place, one after the other. @returns {Work} */
function splitWork(memory, name, table, { times }) {
  const { blocks, nBytes, nColumns } = table
  const fieldBytes = nColumns * blocks[0].stride * 4
  const to = { starts: memory.reserve(fieldBytes), ends: memory.reserve(fieldBytes) }
  return {
    name, kernels: ['splitFields'], unit: 'byte', nUnits: nBytes * times,
    run: () => {
      for (let time = 0; time < times; time++) {
        for (const block of blocks) split(memory.kernels, table, block, to)
      }
    },
    result: () => [memory.bytes(to.starts, fieldBytes), memory.bytes(to.ends, fieldBytes)],
    limit: reads(1, nBytes, '1 byte read'),
  }
}

/** Each column of numbers by itself: it is how these are written that counts. */
function parseWorks(memory, table, { n, times }) {
  const powers = memory.reserve(POWERS_BYTES)
  writePowers(new DataView(memory.bytes(0, 1).buffer), powers)
  // what `writeLiterals` needs of the product's own memory
  const literals = writeLiterals({
    reserve: (nBytes) => memory.reserve(nBytes),
    bytes: (at, nBytes) => memory.bytes(at, nBytes),
    get memory() { return memory.bytes(0, 1) },
  }, missingMarkers(defaultTextOptions))
  const { kernels } = memory
  const values = memory.reserve(n * 8)
  const odd = memory.reserve(n * 4)
  const found = memory.reserve(8)
  return ['integers', '3 decimals', '16 digits', 'a quarter missing'].map((what, slot) => ({
    name: `parseNumbers, ${what}`, kernels: ['parseNumbers'], unit: 'field', nUnits: n * times,
    run: () => {
      let nLeft = 0
      for (let time = 0; time < times; time++) {
        for (const { text, starts, ends, stride, first, nRows } of table.blocks) {
          const column = slot * stride * 4
          nLeft += kernels.parseNumbers(
            values + first * 8, odd, found, text, starts + column, ends + column, nRows,
            literals.at, literals.count, powers)
        }
      }
      if (nLeft > 0) throw new Error(`parseNumbers: ${nLeft} fields are left, ${what}`)
    },
    result: () => [memory.bytes(values, n * 8), memory.bytes(found, 8)],
    limit: fieldLimit(table, slot, n, 8),
  }))
}

/** The text of a field and its two ends are read, and so many bytes are written. */
function fieldLimit({ nBytes, nColumns, fieldBytes }, slot, n, written) {
  const perUnit = Math.round(fieldBytes[slot] / n) + 8 + written
  // the lines that fields are in are those of the whole text
  return {
    ...reads(perUnit, n, `${perUnit} bytes touched`),
    bytes: nBytes + n * (nColumns * 8 + written),
  }
}

/** A dictionary with room for so many texts of together so many bytes; half of its slots. */
function makeDictionary(memory, nTexts, nBytes) {
  const nSlots = 2 ** Math.ceil(Math.log2(nTexts)) * 2
  const arenaBytes = nBytes + TEXT_MARGIN
  const at = memory.reserve(DICTIONARY_BYTES)
  const slots = memory.reserve(nSlots * 8)
  const ends = memory.reserve((nSlots / 2 + 1) * 4)
  const firsts = memory.reserve(nSlots * 2)
  const arena = memory.reserve(arenaBytes + 2 * TEXT_MARGIN) + TEXT_MARGIN
  return {
    at, slots, nSlots,
    /** What is used of each part. */
    parts: () => {
      const count = memory.ints(at, 8)[2]
      const length = memory.ints(ends, count + 1)[count]
      return [[slots, nSlots * 8], [ends, (count + 1) * 4], [firsts, count * 4], [arena, length]]
        .map(([part, nUsed]) => memory.bytes(part, nUsed))
    },
    clear: () => {
      memory.bytes(slots, nSlots * 8).fill(0)
      memory.ints(ends, 1)[0] = 0
      memory.ints(at, 8).set([slots, nSlots, 0, nSlots / 2, ends, firsts, arena, arenaBytes])
    },
  }
}

/** Gives all texts of a slot their codes. */
function intern(kernels, { blocks, text: base }, slot, dictionary, codes) {
  for (const { text, starts, ends, stride, first, nRows } of blocks) {
    const column = slot * stride * 4
    const n = kernels.internTexts(codes + first * 4, dictionary.at, text, starts + column,
      ends + column, 0, nRows, text - base)
    if (n !== nRows) throw new Error(`internTexts: ${n} texts of ${nRows}`)
  }
}

/** @returns {Work} */
function internWork(memory, name, { table, slot, nTexts, n, times }) {
  const dictionary = makeDictionary(memory, nTexts, table.fieldBytes[slot])
  const codes = memory.reserve(n * 4)
  return {
    name, kernels: ['internTexts'], unit: 'field', nUnits: n * times,
    before: () => dictionary.clear(),
    run: () => {
      for (let time = 0; time < times; time++) {
        intern(memory.kernels, table, slot, dictionary, codes)
      }
    },
    result: () => [memory.bytes(codes, n * 4), ...dictionary.parts()],
    limit: fieldLimit(table, slot, n, 4),
  }
}

/** A full dictionary's slots, to twice as many. @returns {Work} */
function rehashWork(memory, table, n) {
  const dictionary = makeDictionary(memory, n, table.fieldBytes[2])
  dictionary.clear()
  intern(memory.kernels, table, 2, dictionary, memory.reserve(n * 4))
  const { slots, nSlots } = dictionary
  const to = memory.reserve(nSlots * 16)
  return {
    name: 'rehashTexts', kernels: ['rehashTexts'], unit: 'text', nUnits: n,
    before: () => memory.bytes(to, nSlots * 16).fill(0),
    run: () => memory.kernels.rehashTexts(to, nSlots * 2, slots, nSlots),
    result: () => [memory.bytes(to, nSlots * 16)],
    limit: copies(16, nSlots),
  }
}

const indexBits = 10
/** Values of a run, in groups of eight: no more have a header of one byte. */
const valuesOfRun = 504

/** A page as writers make it: every eighth run is one value again and again. */
function makePage(random, n) {
  const bytes = []
  for (let first = 0, run = 1; first < n; first += valuesOfRun, run++) {
    const nValues = Math.min(valuesOfRun, n - first)
    if (run % 8 === 0) {
      const index = random.next() % nWords
      bytes.push((nValues << 1 & 127) | 128, nValues >> 6, index & 255, index >> 8)
      continue
    }
    const nGroups = Math.ceil(nValues / 8)
    const packed = new Uint8Array(nGroups * indexBits)
    for (let i = 0, bit = 0; i < nValues; i++) {
      const index = random.next() % nWords
      for (let k = 0; k < indexBits; k++, bit++) packed[bit >> 3] |= (index >> k & 1) << (bit & 7)
    }
    bytes.push(nGroups << 1 | 1, ...packed)
  }
  return Uint8Array.from(bytes)
}

/** A page of indices of a dictionary, and codes in their place. */
function indexWorks(memory, { n, times }) {
  const { kernels, random } = memory
  const bytes = makePage(random, n)
  const page = memory.reserve(bytes.length + 2 * TEXT_MARGIN) + TEXT_MARGIN
  memory.bytes(page, bytes.length).set(bytes)
  const indices = memory.reserve(n * 4)
  const coded = memory.reserve(n * 4)
  const codes = memory.put(Int32Array.from(random.permutation(nWords)))
  const decode = () => {
    const isDone = kernels.decodeIndices(indices, page, bytes.length, indexBits, n, nWords)
    if (isDone !== 1) throw new Error('decodeIndices: the page is damaged')
  }
  decode()
  return [
    {
      name: `decodeIndices, ${indexBits} bits`, kernels: ['decodeIndices'], unit: 'value',
      nUnits: n * times,
      run: () => { for (let time = 0; time < times; time++) decode() },
      result: () => [memory.bytes(indices, n * 4)],
      limit: copies(indexBits / 8, n, 4),
    },
    {
      // Codes are as many as indices, so that what is recoded can be recoded again.
      name: 'recodeIndices', kernels: ['recodeIndices'], unit: 'value', nUnits: n * times,
      before: () => memory.bytes(coded, n * 4).set(memory.bytes(indices, n * 4)),
      run: () => {
        for (let time = 0; time < times; time++) {
          const nDone = kernels.recodeIndices(coded, 0, n, codes)
          if (nDone !== n) throw new Error(`recodeIndices: ${nDone} values of ${n}`)
        }
      },
      result: () => [memory.bytes(coded, n * 4)],
      limit: copies(4, n),
    },
  ]
}

/** Pieces come to the same place, so one is converted again and again. */
function storedWorks(memory, nRows) {
  const { kernels, random } = memory
  const n = Math.min(nRows, numbersOfPiece)
  const times = Math.max(1, Math.round(nRows / n))
  const numberAt = (i) => i % 20 === 0 ? NaN : i % 21 === 0 ? -0 : random.normal()
  const doubles = memory.putDoubles(n, numberAt)
  const singles = memory.put(Float32Array.from({ length: n }, (_, i) => numberAt(i)))
  const longs = memory.put(BigInt64Array.from({ length: n }, () =>
    BigInt(random.next() - 2 ** 31) * 0x10_0000n))
  const out = memory.reserve((n + 1) * 8)
  const work = (kernel, read, convert) => ({
    name: kernel, kernels: [kernel], unit: 'value', nUnits: n * times,
    run: () => { for (let time = 0; time < times; time++) convert() },
    result: () => [memory.bytes(out, n * 8)],
    limit: copies(read, n, 8),
  })
  return [
    work('promoteSingles', 4, () =>
      kernels.promoteSingles(out, singles, n)),
    work('copyDoubles', 8, () => kernels.copyDoubles(out, doubles, n)),
    work('convertLongs', 8, () => {
      const nDone = kernels.convertLongs(out, longs, n, 0, safeMax)
      if (nDone !== n) throw new Error(`convertLongs: ${nDone} values of ${n}`)
    }),
  ]
}
