/** Predictions as LightGBM's command writes them: no header, tabs, 17 significant digits. */
import { CoppiceError } from '@coppice/model'
import { type ByteSink, chunkRows, type OutputColumn, type TableWriter } from './writer.js'

const rowsPerWrite = 4096

/** A writer of numbers, one line per row. Throws CoppiceError 'DATA' for columns of text. */
export function createResultWriter(
  sink: ByteSink, columns: readonly OutputColumn[],
): TableWriter {
  const text = columns.find(({ type }) => type === 'string')
  if (text !== undefined) {
    throw new CoppiceError('DATA',
      `LightGBM's results are numbers, but column '${text.name}' is text; write a .csv`)
  }
  const encoder = new TextEncoder()
  return {
    async write(chunks) {
      const nRows = chunks.length === 0 ? 0 : chunkRows(chunks[0]!)
      const planes = chunks.map((chunk) => (chunk as { readonly values: Float64Array }).values)
      for (let start = 0; start < nRows; start += rowsPerWrite) {
        const end = Math.min(nRows, start + rowsPerWrite)
        let block = ''
        for (let row = start; row < end; row++) {
          block += planes.map((values) => digits17(values[row]!)).join('\t') + '\n'
        }
        await sink.write(encoder.encode(block))
      }
    },
    finish: () => Promise.resolve(),
  }
}

/** A double as C's `%.17g` prints it. */
export function digits17(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  if (value !== value) return 'nan'
  if (value === Infinity || value === -Infinity) return value > 0 ? 'inf' : '-inf'
  const [mantissa, power] = value.toExponential(16).split('e') as [string, string]
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 17) return withoutZeros(value.toFixed(16 - exponent))
  const digits = String(Math.abs(exponent)).padStart(2, '0')
  return `${withoutZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${digits}`
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
