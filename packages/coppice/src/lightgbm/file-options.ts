/** How LightGBM's command reads text files. */
import type { FileOptions } from '@coppice/api'
import type { FlagValues } from '../flag-values.js'

/** What means missing there, beside what does here: na, nan and null in any case. */
export const missingTexts: readonly string[] = ['', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None', '?',
  'na', 'Na', 'nA', 'NAN', 'Nan', 'Null']

/**
 * The label and what depends on it, as LightGBM has them: the first column where none is named;
 * columns without names are numbered without it.
 *
 * @param label - what was given
 */
export function runFileOptions(
  label: string | undefined, values: FlagValues,
): Pick<FileOptions, 'label' | 'unnamed' | 'missingValues'> {
  const found = label ?? '0'
  return {
    label: found,
    ...(/^\d+$/.test(found) ? { unnamed: { label: Number(found), unlessColumns: null } } : {}),
    ...(values.has('missing-values') ? {} : { missingValues: missingTexts }),
  }
}
