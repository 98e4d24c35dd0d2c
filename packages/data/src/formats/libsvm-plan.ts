/** Counts the rows and columns of a LibSVM text and cuts it into units. */

import type { ByteSource, PartitionPlan, Unit } from '../reader.js'
import {
  RECORD_BYTES_MAX,
  byteOrderMark,
  readBytes,
  showBytes,
  textError,
  type TextWindow,
} from './csv-bytes.js'
import { endlessRecordError } from './csv-records.js'
import { Token, TokenCursor, findLineEnd, skipLineEnd } from './libsvm-tokens.js'

/** `PartitionPlan.detail` of a LibSVM partition. */
export interface LibsvmDetail {
  readonly hasLabel: boolean
  readonly hasQid: boolean
  /** 1 + the largest index. */
  readonly nFeatures: number
  /** Per unit, the 1-based number of its first line. */
  readonly firstLines: readonly number[]
}

/** More columns than this cannot be held as columns; in a text they are taken for a mistake. */
export const FEATURES_MAX = 1_000_000

export interface LibsvmLimits {
  /** Bytes of text read at a time, and the most a unit has (unless one line is longer). */
  readonly unitBytes: number
  /** Rows x columns of a unit, unless one row has more. */
  readonly unitValues: number
}

interface PlanState {
  position: number
  line: number
  /** Settled by the first row. */
  layout: { readonly hasLabel: boolean; readonly hasQid: boolean } | null
  nFeatures: number
  /** Per row: its first byte in the file, and its line. */
  readonly starts: number[]
  readonly lines: number[]
}

/**
 * One pass over the text. Values are left to `read`; everything else is checked here.
 *
 * @throws CoppiceError 'DATA' with file and line for anything that is not `index:value`
 */
export async function planLibsvm(
  source: ByteSource,
  limits: LibsvmLimits,
): Promise<PartitionPlan> {
  const state: PlanState = {
    position: 0,
    line: 1,
    layout: null,
    nFeatures: 0,
    starts: [],
    lines: [],
  }
  let windowBytes = limits.unitBytes
  while (state.position < source.byteLength) {
    const end = Math.min(state.position + windowBytes, source.byteLength)
    const window: TextWindow = {
      name: source.name,
      bytes: await readBytes(source, state.position, end),
      firstLine: state.line,
      isLast: end === source.byteLength,
    }
    if (planWindow(window, state)) {
      windowBytes = limits.unitBytes
    } else {
      if (windowBytes >= RECORD_BYTES_MAX) throw endlessRecordError(window)
      windowBytes = Math.min(windowBytes * 2, RECORD_BYTES_MAX)
    }
  }
  return finishPlan(source, state, limits)
}

/** Goes through the complete lines of a window; false when there is none. */
function planWindow(window: TextWindow, state: PlanState): boolean {
  const { bytes, isLast } = window
  if (state.position === 0 && bytes.length < 3 && !isLast) return false
  const first = state.position === 0 ? byteOrderMark(window.name, bytes) : 0
  const cursor = new TokenCursor(bytes)
  let start = first
  let nLines = 0
  while (start < bytes.length) {
    const end = findLineEnd(bytes, start)
    // A line end that is the window's last byte may be half of a `\r\n`.
    if (!isLast && (end === bytes.length || (bytes[end] === 13 && end + 1 === bytes.length))) break
    cursor.open(start, end)
    if (planRow(window, cursor, state)) {
      state.starts.push(state.position + start)
      state.lines.push(state.line + nLines)
    }
    start = skipLineEnd(bytes, end)
    nLines++
  }
  state.position += start
  state.line += nLines
  return start > 0
}

/** Checks the tokens of a line; false when it is blank or a comment. */
function planRow(window: TextWindow, cursor: TokenCursor, state: PlanState): boolean {
  if (!cursor.next()) return false
  const hasLabel = cursor.index === Token.label
  let more: boolean = hasLabel ? cursor.next() : true
  const hasQid = more && cursor.index === Token.qid
  if (hasQid) more = cursor.next()
  const layout = (state.layout ??= { hasLabel, hasQid })
  if (hasLabel !== layout.hasLabel || hasQid !== layout.hasQid) {
    const what = hasLabel !== layout.hasLabel ? 'label' : 'qid'
    const has = what === 'label' ? hasLabel : hasQid
    throw textError(
      window,
      cursor.tokenStart,
      `this row has ${has ? 'a' : 'no'} ${what}, but the first row has ` +
        `${has ? 'none' : 'one'}; either all rows have a ${what} or none`,
    )
  }
  for (; more; more = cursor.next()) {
    const { index, tokenStart, start, end } = cursor
    if (index >= 0 && index < FEATURES_MAX && end > start) {
      if (index >= state.nFeatures) state.nFeatures = index + 1
      continue
    }
    const token = showBytes(window.bytes, tokenStart, end)
    throw textError(
      window,
      tokenStart,
      index >= FEATURES_MAX
        ? `the index of ${token} is beyond ${FEATURES_MAX - 1}, the largest that is supported`
        : `${token} is not index:value (a whole number from 0 on, a colon and a number); a ` +
          'row is: label, optionally qid:number, then index:value separated by spaces',
    )
  }
  return true
}

function finishPlan(source: ByteSource, state: PlanState, limits: LibsvmLimits): PartitionPlan {
  const { hasLabel, hasQid } = state.layout ?? { hasLabel: false, hasQid: false }
  const names = Array.from({ length: state.nFeatures }, (_, index) => `Column_${index}`)
  if (hasQid) names.unshift('qid')
  if (hasLabel) names.unshift('label')
  const { starts, lines } = state
  const nRows = starts.length
  const nRowsMax = Math.max(1, Math.floor(limits.unitValues / Math.max(1, names.length)))
  const units: Unit[] = []
  const firstLines: number[] = []
  for (let first = 0, next = 0; first < nRows; first = next) {
    const start = starts[first]!
    next = first + 1
    while (next < nRows && next - first < nRowsMax) {
      const end = starts[next + 1] ?? source.byteLength
      if (end - start > limits.unitBytes) break
      next++
    }
    const end = starts[next] ?? source.byteLength
    units.push({ index: units.length, firstRow: first, nRows: next - first, start, end })
    firstLines.push(lines[first]!)
  }
  const detail: LibsvmDetail = { hasLabel, hasQid, nFeatures: state.nFeatures, firstLines }
  return { columns: names.map((name) => ({ name, type: null })), nRows, units, detail }
}
