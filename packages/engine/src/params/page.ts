import type { ParameterGroup, ResolvedValue } from './parameter.js'
import { describeLegal } from './parse-value.js'
import { parameterGroups, parameterTable, type ParameterInfo } from './table.js'

const titles: Readonly<Record<ParameterGroup, string>> = {
  core: 'Core',
  control: 'Growth of trees',
  dataset: 'Data',
  objective: 'Objective',
  metric: 'Metrics',
  network: 'Network and devices',
  predict: 'Prediction',
  convert: 'Conversion',
}

const introduction = `# Parameters

Names, aliases, defaults and meaning are those of LightGBM 4.6 unless a text says otherwise. Each
name can be written in snake_case (\`num_leaves\`, in files and flags) or camelCase
(\`numLeaves\`, in TypeScript), and so can each alias. A name that does not exist, a value out of
range and values that contradict each other are errors.

Parameters marked * do not change the model and are not written into it.

This page is made from the table that checks them, by \`npm run docs\`; \`coppice params NAME\`
explains one on the command line.`

function showDefault(value: ResolvedValue): string {
  if (value === null || value === '') return 'none'
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `\`${value.join(',')}\``
  return `\`${String(value)}\``
}

/** Text inside a table cell: a bar would end it. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function code(names: readonly string[]): string {
  return names.map(name => `\`${name}\``).join(', ')
}

function supportedRow(info: ParameterInfo): string {
  const name = `\`${info.name}\`${info.affectsModel ? '' : ' *'}`
  const unbuilt = info.names?.unbuiltValues ?? []
  const doc = info.doc + (unbuilt.length === 0 ? '' : ` Not built yet: ${code(unbuilt)}.`)
  const cells = [name, showDefault(info.default), describeLegal(info), doc, code(info.aliases)]
  return `| ${cells.map(cell).join(' | ')} |`
}

function supportedTable(group: ParameterGroup): string[] {
  const rows = parameterTable.filter(info => info.group === group && info.status === 'supported')
  if (rows.length === 0) return []
  return [
    '',
    `## ${titles[group]}`,
    '',
    '| name | default | legal | meaning | aliases |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(supportedRow),
  ]
}

function otherRow(info: ParameterInfo): string {
  const instead = info.instead === '' ? '' : ` (${info.instead})`
  const cells = [`\`${info.name}\``, showDefault(info.default), info.doc + instead]
  return `| ${[...cells, code(info.aliases)].map(cell).join(' | ')} |`
}

/** What only LightGBM's command has, and `coppice run` takes. */
const ofTheCommand: readonly string[] = [
  'config', 'task', 'data', 'valid', 'input_model', 'output_model', 'snapshot_freq',
  'refit_decay_rate', 'start_iteration_predict', 'num_iteration_predict', 'predict_raw_score',
  'predict_leaf_index', 'predict_contrib', 'pred_early_stop', 'pred_early_stop_freq',
  'pred_early_stop_margin', 'output_result', 'convert_model', 'convert_model_language', 'machines',
  'machine_list_filename',
]

function otherTable(
  title: string, text: string, isOfTable: (info: ParameterInfo) => boolean,
): string[] {
  const rows = parameterTable.filter(isOfTable)
  return [
    '',
    `## ${title}`,
    '',
    text,
    '',
    '| name | default | meaning | aliases |',
    '| --- | --- | --- | --- |',
    ...rows.map(otherRow),
  ]
}

/** The reference page of all parameters, in Markdown. */
export function parametersPage(): string {
  return [
    introduction,
    ...parameterGroups.flatMap(supportedTable),
    ...otherTable(
      'Without effect here',
      'LightGBM parameters that concern its speed or devices. Accepted at any legal value.',
      info => info.status === 'no-effect',
    ),
    ...otherTable(
      'Of the command',
      'Keys of configurations that say which files to read and what to do. `coppice run` does as ' +
        'they say; elsewhere they are accepted at their default alone, since flags and arguments ' +
        'say it. `input_model` is for prediction and refitting; the lists of machines are not ' +
        'read with `num_machines = 1`.',
      info => ofTheCommand.includes(info.name),
    ),
    ...otherTable(
      'Not built, or not a training parameter',
      'LightGBM parameters that are accepted at their default and refused at any other value.',
      info => info.status === 'unbuilt' && !ofTheCommand.includes(info.name),
    ),
    '',
  ].join('\n')
}
