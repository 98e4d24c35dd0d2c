import type { Format, PartitionReader, TextOptions } from './reader.js'

/**
 * The reader of a format. Each is loaded when it is first wanted: the libraries behind some take
 * longer to load than a small file to read.
 */
export async function readerOf(format: Format): Promise<PartitionReader> {
  switch (format) {
    case 'parquet':
      return (await import('./formats/parquet.js')).parquetReader
    case 'arrow':
      return (await import('./formats/arrow.js')).arrowReader
    case 'csv':
      return (await import('./formats/csv.js')).csvReader
    case 'tsv':
      return (await import('./formats/csv.js')).tsvReader
    case 'libsvm':
      return (await import('./formats/libsvm.js')).libsvmReader
    case 'npy':
      return (await import('./formats/npy.js')).npyReader
    case 'csr':
      return (await import('./formats/csr.js')).csrReader
  }
}

/** How text is read where the caller says nothing. */
export const defaultTextOptions: TextOptions = {
  header: 'auto',
  missingValues: ['', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None', '?'],
}
