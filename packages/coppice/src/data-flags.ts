import type { FileOptions, Format } from '@coppice/api'
import type { Flag } from './command.js'
import type { FlagValues } from './flag-values.js'

const formats: readonly Format[] = ['parquet', 'arrow', 'csv', 'tsv', 'libsvm', 'npy']

const group = 'Data'

/** The flag for files of rows. */
export const dataFlag: Flag = {
  name: 'data', group, takes: 'many', isRequired: true,
  describe: 'Files, folders, patterns (quoted) or one manifest: Parquet, Arrow, CSV, TSV, ' +
    'LibSVM or .npy',
}

/** How files are read. */
export const formatFlags: readonly Flag[] = [
  { name: 'format', group, takes: 'one', choices: formats, default: 'by name and content',
    describe: 'Format of all files' },
  { name: 'header', group, takes: 'truth', default: 'auto',
    describe: 'Text files begin with a line of column names: true, false or auto' },
  { name: 'missing-values', group, takes: 'one', default: "'',NA,N/A,NaN,nan,null,NULL,None,?",
    describe: 'Texts that mean missing, separated by commas' },
]

/** What the columns are. */
export const columnFlags: readonly Flag[] = [
  { name: 'label', group, takes: 'one', 
    describe: 'Column of the target: name or index; several for some objectives: a,b' },
  { name: 'weight', group, takes: 'one', describe: 'Column of row weights' },
  { name: 'group', group, takes: 'one',
    describe: 'Column of query ids: rankings learn from queries, folds do not cut them' },
  { name: 'position', group, takes: 'one',
    describe: 'Column of positions at which rows were shown, whole numbers from 0 (lambdarank)' },
  { name: 'ignore', group, takes: 'many', describe: 'Columns to leave out: a,b or name:a,b' },
  { name: 'categorical', group, takes: 'many',
    describe: 'Columns whose values are categories (text columns are by themselves)' },
]

/** How files are read, as the flags say. */
export function formatOptions(values: FlagValues): FileOptions {
  const missing = values.text('missing-values')
  return {
    format: values.choice('format', formats),
    header: headerOf(values),
    missingValues: missing?.split(',').map((text) => text.trim()),
  }
}

function headerOf(values: FlagValues): boolean | 'auto' | undefined {
  const written = values.written('header')
  if (written === undefined || written === 'auto') return written
  if (written === 'true' || written === 'false') return written === 'true'
  values.choice('header', ['true', 'false', 'auto'])
  return undefined
}
