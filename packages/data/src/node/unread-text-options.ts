/** Options of text files for data that have none: what is said of them would do nothing. */
import { CoppiceError } from '@coppice/model'
import type { Format } from '../reader.js'

/** Whether some of the files are text with columns: CSV or TSV. */
export function hasTextColumns(files: readonly { readonly format: Format }[]): boolean {
  return files.some(({ format }) => format === 'csv' || format === 'tsv')
}

/**
 * Refuses a `header` that is true, and `missingValues`, where no file is CSV or TSV. That there is
 * no line of names is so of all others, and configurations of LightGBM say it.
 *
 * @throws CoppiceError 'PARAMETER' naming the option and the formats that there are
 */
export function refuseUnreadTextOptions(
  files: readonly { readonly format: Format }[],
  { header, missingValues }: {
    readonly header?: boolean | 'auto' | undefined
    readonly missingValues?: readonly string[] | undefined
  },
): void {
  if (hasTextColumns(files)) return
  const option = header === true ? 'header (--header)'
    : missingValues !== undefined ? 'missingValues (--missing-values)' : null
  if (option === null) return
  const formats = [...new Set(files.map(({ format }) => format))].join(' and ')
  throw new CoppiceError('PARAMETER', `${option} is of CSV and TSV files and does nothing for ` +
    `${formats}; leave it out`)
}
