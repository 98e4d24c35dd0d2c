import { CoppiceError } from '@coppice/model'
import { formatOfName } from '../input-format.js'
import type { ColumnChunk } from '../reader.js'
import { createTableWriter, type OutputFormat, outputFormats } from '../writers/create-writer.js'
import type { OutputColumn } from '../writers/writer.js'
import { openAtomicFile } from './atomic-file.js'

/** A table that goes to a file piece by piece. */
export interface TableFile {
  /** Appends rows: one chunk per column. */
  write(chunks: readonly ColumnChunk[]): Promise<void>
  /** Makes the file appear under its name. */
  commit(): Promise<void>
  /** Removes what was written; does nothing after `commit`. */
  discard(): Promise<void>
}

/**
 * Opens a table file for writing; its name says the format. It appears only when it is whole.
 *
 * Rejects with CoppiceError 'DATA' for a name that says no format that can be written, 'IO' for
 * what cannot be written (a full disk among others).
 *
 * @param nRows - rows that will be written in all (needed by .npy)
 */
export async function openTableFile(
  path: string,
  columns: readonly OutputColumn[],
  nRows: number,
  format: OutputFormat | null = formatOfName(path),
): Promise<TableFile> {
  const isLegal = format === 'lightgbm-result' || outputFormats.some((name) => name === format)
  if (format === null || !isLegal) {
    throw new CoppiceError(
      'DATA',
      `cannot tell what to write to ${path}: its name should end in ` +
        outputFormats.map((name) => `.${name}`).join(', '),
    )
  }
  const file = await openAtomicFile(path)
  try {
    const writer = await createTableWriter(format, file, columns, nRows)
    return {
      write: (chunks) => writer.write(chunks),
      async commit() {
        await writer.finish()
        await file.commit()
      },
      discard: () => file.discard(),
    }
  } catch (error) {
    await file.discard()
    throw error
  }
}
