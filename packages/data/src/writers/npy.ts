import { CoppiceError } from '@coppice/model'
import { type ByteSink, chunkRows, type OutputColumn, type TableWriter } from './writer.js'

/**
 * Writes NumPy's .npy (version 1.0): one column as a vector of f64, several as a matrix in row
 * order. Missing is NaN.
 *
 * Throws CoppiceError 'DATA' for text columns; 'INTERNAL' when other than nRows rows come.
 *
 * @param nRows - the header at the start of the file holds it, so it must be known
 */
export function createNpyWriter(
  sink: ByteSink,
  columns: readonly OutputColumn[],
  nRows: number,
): TableWriter {
  const text = columns.find(({ type }) => type === 'string')
  if (text !== undefined) {
    throw new CoppiceError(
      'DATA',
      `.npy holds numbers only, but column '${text.name}' is text; write CSV, Parquet or Arrow`,
    )
  }
  const nColumns = columns.length
  let nWritten = 0
  let isStarted = false
  const start = async () => {
    if (!isStarted) await sink.write(npyHeader(nColumns === 1 ? [nRows] : [nRows, nColumns]))
    isStarted = true
  }
  return {
    async write(chunks) {
      await start()
      const nChunkRows = chunks.length === 0 ? 0 : chunkRows(chunks[0]!)
      const values = new Float64Array(nChunkRows * nColumns)
      for (const [column, chunk] of chunks.entries()) {
        if (chunk.type === 'string') continue
        for (let row = 0; row < nChunkRows; row++) {
          values[row * nColumns + column] = chunk.values[row]!
        }
      }
      nWritten += nChunkRows
      await sink.write(new Uint8Array(values.buffer))
    },
    async finish() {
      await start()
      if (nWritten !== nRows) {
        throw new CoppiceError('INTERNAL', `internal error: ${nWritten} of ${nRows} rows written`)
      }
    },
  }
}

/** Magic, version, and a Python literal padded so that the data start at a multiple of 64. */
function npyHeader(shape: readonly number[]): Uint8Array {
  const shapeText = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const fields = `{'descr': '<f8', 'fortran_order': False, 'shape': ${shapeText}, }`
  const length = Math.ceil((10 + fields.length + 1) / 64) * 64
  const bytes = new Uint8Array(length).fill(0x20)
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (length - 10) & 255, (length - 10) >> 8])
  bytes.set(new TextEncoder().encode(fields), 10)
  bytes[length - 1] = 0x0a
  return bytes
}
