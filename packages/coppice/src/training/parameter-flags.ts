/** The training parameters as flags: names, aliases, texts and defaults are the table's. */
import { describeLegal, type ParameterGroup, type ParameterInfo, parameterTable }
  from '@coppice/api'
import type { Flag } from '../command.js'

const headings: Readonly<Record<ParameterGroup, string>> = {
  core: 'Training parameters',
  control: 'Growth of trees',
  dataset: 'Bins',
  objective: 'Objective',
  metric: 'Metrics',
  network: 'Network',
  predict: 'Prediction',
  convert: 'Conversion',
}

/**
 * One flag per parameter and per alias, except those whose name a process option has. Aliases
 * and parameters without an effect here are accepted, but left out of the help page.
 *
 * @param taken - names of the process options
 */
export function parameterFlags(taken: ReadonlySet<string>): Flag[] {
  return parameterTable.flatMap((info) => [info.name, ...info.aliases]
    .filter((name) => !taken.has(name))
    .map((name) => ({
      name,
      describe: describe(info),
      group: headings[info.group],
      takes: takes(info),
      default: info.default === null || String(info.default) === '' ? undefined
        : String(info.default),
      isHidden: name !== info.name || info.status !== 'supported' || isDatasetColumn(info),
    })))
}

function describe(info: ParameterInfo): string {
  const text = info.doc.replaceAll('`', '')
  const isNamed = info.type === 'enum' || info.type === 'enums'
  return isNamed ? `${text} (${describeLegal(info)})` : text
}

/** Whether a flag of the parameter may be given several times: each with a part of a list. */
export function takesList({ name, type }: Pick<ParameterInfo, 'name' | 'type'>): boolean {
  const isFile = name.endsWith('_filename')
  return name === 'custom_metrics' ||
    (!isFile && ['enums', 'ints', 'floats', 'columns', 'structure'].includes(type))
}

function takes({ type }: ParameterInfo): Flag['takes'] {
  if (type === 'bool') return 'truth'
  return type === 'enums' || type === 'ints' || type === 'floats' ? 'many' : 'one'
}

/** The help page shows --label, --weight, ... instead. */
function isDatasetColumn({ type }: ParameterInfo): boolean {
  return type === 'column' || type === 'columns'
}
