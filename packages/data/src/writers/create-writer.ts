import { CoppiceError } from '@coppice/model'
import type { Format } from '../reader.js'
import { createCsvWriter } from './csv.js'
import { createNpyWriter } from './npy.js'
import { createResultWriter } from './result.js'
import type { ByteSink, OutputColumn, TableWriter } from './writer.js'

/** What tables can be written as: the formats of rows, and the predictions of LightGBM. */
export type OutputFormat = Format | 'lightgbm-result'

/** Formats that can be written. */
export const outputFormats: readonly Format[] = ['csv', 'tsv', 'parquet', 'arrow', 'npy']

/**
 * A writer of the format. Equal tables give equal bytes. The libraries behind Parquet and Arrow are
 * loaded when they are needed: they take longer to load than a small training takes.
 *
 * Rejects with CoppiceError 'DATA' for formats that cannot be written or cannot hold the columns.
 *
 * @param nRows - number of rows that will be written in all; only .npy needs it
 */
export async function createTableWriter(
  format: OutputFormat,
  sink: ByteSink,
  columns: readonly OutputColumn[],
  nRows: number,
): Promise<TableWriter> {
  switch (format) {
    case 'csv':
      return createCsvWriter(sink, columns)
    case 'tsv':
      return createCsvWriter(sink, columns, '\t')
    case 'parquet':
      return (await import('./parquet.js')).createParquetWriter(sink, columns)
    case 'arrow':
      return (await import('./arrow.js')).createArrowWriter(sink, columns)
    case 'npy':
      return createNpyWriter(sink, columns, nRows)
    case 'lightgbm-result':
      return createResultWriter(sink, columns)
    case 'libsvm':
    case 'csr':
      throw new CoppiceError(
        'DATA',
        `cannot write ${format === 'csr' ? 'sparse' : 'LibSVM'} files; write one of ` +
          outputFormats.join(', '),
      )
  }
}
