/** In which line of a text a row begins: for messages, which is why it may take a while. */
import type { ByteSource, PartitionPlan, Unit } from '../reader.js'
import { readBytes } from './csv-bytes.js'
import { isBlank, scanRecords } from './csv-records.js'
import { findLineEnd, skipLineEnd, TokenCursor } from './libsvm-tokens.js'

/** A unit of a text, and what its plan knows of lines. */
interface TextUnit {
  readonly source: ByteSource
  readonly plan: PartitionPlan
  readonly unit: Unit
}

/** The line of a row of CSV or TSV, from 1. @param row - within the unit */
export async function lineOfRecord(
  { source, plan, unit }: TextUnit, row: number, separator: number,
): Promise<number> {
  const bytes = await readBytes(source, unit.start, unit.end)
  const firstLine = firstLineOf(plan, unit)
  const window = { name: source.name, bytes, firstLine, isLast: true }
  const rules = { separator, nColumns: plan.columns.length, nRowsMax: row }
  const { end, nLines } = row === 0 ? { end: 0, nLines: 0 } : scanRecords(window, rules)
  return firstLine + nLines + skippedLines(bytes, end, (start, lineEnd) =>
    isBlank(bytes, start, lineEnd, separator))
}

/** The line of a row of LibSVM, from 1. @param row - within the unit */
export async function lineOfEntries(
  { source, plan, unit }: TextUnit, row: number,
): Promise<number> {
  const bytes = await readBytes(source, unit.start, unit.end)
  const cursor = new TokenCursor(bytes)
  let nLeft = row
  return firstLineOf(plan, unit) + skippedLines(bytes, 0, (start, end) => {
    cursor.open(start, end)
    return !cursor.next() || nLeft-- > 0
  })
}

function firstLineOf({ detail }: PartitionPlan, { index }: Unit): number {
  return (detail as { readonly firstLines: readonly number[] }).firstLines[index]!
}

/** How many lines from `start` on are passed over before one is not. */
function skippedLines(
  bytes: Uint8Array, start: number, isSkipped: (start: number, end: number) => boolean,
): number {
  let nLines = 0
  for (let at = start; at < bytes.length; nLines++) {
    const end = findLineEnd(bytes, at)
    if (!isSkipped(at, end)) break
    at = skipLineEnd(bytes, end)
  }
  return nLines
}
