import type { Format } from './reader.js'

const formatOfExtension: Readonly<Record<string, Format>> = {
  parquet: 'parquet',
  pq: 'parquet',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  libsvm: 'libsvm',
  svm: 'libsvm',
  svmlight: 'libsvm',
  npy: 'npy',
}

/** File name extensions of data files, without the point. */
export const dataExtensions: readonly string[] = Object.keys(formatOfExtension)

/** The format that a file's name says, or null. */
export function formatOfName(name: string): Format | null {
  const extension = /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''
  return Object.hasOwn(formatOfExtension, extension) ? formatOfExtension[extension]! : null
}

/** Whether files of the format leave out zeros, and their readers can, too (`readStored`). */
export function isSparseFormat(format: Format): boolean {
  return format === 'libsvm' || format === 'csr'
}
