import type { ColumnChunk } from '../reader.js'
import { type ByteSink, chunkRows, type OutputColumn, type TableWriter } from './writer.js'

const rowsPerWrite = 4096

/**
 * Writes comma- or tab-separated text with a header, UTF-8, lines ending in \n. Missing values
 * are empty, or NA in a table of one column, where an empty line would be no row. Numbers are
 * the shortest text that reads back the same; dates are ISO 8601.
 */
export function createCsvWriter(
  sink: ByteSink,
  columns: readonly OutputColumn[],
  separator: ',' | '\t' = ',',
): TableWriter {
  const encoder = new TextEncoder()
  const header = columns.map(({ name }) => quote(name, separator)).join(separator) + '\n'
  let pending: string | null = header
  return {
    async write(chunks) {
      const nRows = chunks.length === 0 ? 0 : chunkRows(chunks[0]!)
      const missing = columns.length === 1 ? 'NA' : ''
      const texts = chunks.map((chunk) => cellText(chunk, separator, missing))
      for (let start = 0; start < nRows; start += rowsPerWrite) {
        const end = Math.min(nRows, start + rowsPerWrite)
        let block = pending ?? ''
        pending = null
        for (let row = start; row < end; row++) {
          block += texts.map((text) => text(row)).join(separator) + '\n'
        }
        await sink.write(encoder.encode(block))
      }
    },
    async finish() {
      if (pending !== null) await sink.write(encoder.encode(pending))
      pending = null
    },
  }
}

function cellText(chunk: ColumnChunk, separator: string, missing: string): (row: number) => string {
  if (chunk.type === 'string') {
    const { codes } = chunk
    const quoted = chunk.dictionary.map((text) => quote(text, separator))
    return (row) => (codes[row]! < 0 ? missing : quoted[codes[row]!]!)
  }
  const { type, values } = chunk
  return (row) => {
    const value = values[row]!
    if (value !== value) return missing
    if (type === 'bool') return value === 1 ? 'true' : 'false'
    if (type === 'date') return dateText(value)
    // Digits alone would be an integer that a reader has to refuse.
    const isLarge = Math.abs(value) > Number.MAX_SAFE_INTEGER && value - value === 0
    return isLarge ? value.toExponential() : String(value)
  }
}

function dateText(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString()
}

/** Quotes what the separator, a quote, a line end or outer spaces would change; '' too. */
function quote(text: string, separator: string): string {
  const isPlain = text !== '' && !text.includes(separator) && !/["\r\n]|^\s|\s$/.test(text)
  return isPlain ? text : `"${text.replaceAll('"', '""')}"`
}
