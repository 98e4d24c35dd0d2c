import type { FileOptions, LightGBMOptions } from '@coppice/api'
import { openRaw } from '@coppice/api/command'

/**
 * The columns of training data as LightGBM counts them: all but the label, those that are weights
 * or left out among them. Whoever gives rows to its model by place counts so too.
 *
 * @throws CoppiceError 'IO' or 'DATA' for data that cannot be read
 */
export async function layoutOf(
  data: readonly string[], options: FileOptions,
): Promise<NonNullable<LightGBMOptions['layout']>> {
  const raw = await openRaw(data, options)
  const { names } = raw
  await raw.close()
  const label = String(options.label ?? 0)
  const named = names.indexOf(label.replace(/^name:/, ''))
  const labelIndex = named >= 0 || !/^\d+$/.test(label) ? named : Number(label)
  const isSparse = options.format === 'libsvm'
  return {
    columns: names.filter((name, i) => i !== labelIndex && !(isSparse && name === 'qid')),
    labelIndex: Math.max(0, labelIndex),
  }
}
