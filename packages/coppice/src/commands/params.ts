import { describeLegal, findParameter, type ParameterInfo, parametersPage, parameterTable }
  from '@coppice/api'
import { nearestName } from '@coppice/api/command'
import type { Command } from '../command.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import { print } from '../output.js'
import { tableText } from '../table.js'

/** What the training parameters are. */
export const paramsCommand: Command = {
  name: 'params',
  summary: 'List the training parameters, or explain one',
  positional: { name: 'name', describe: 'A parameter under any of its names' },
  flags: [
    { name: 'markdown', group: 'Output', takes: 'switch', describe: 'The reference page' },
    { name: 'json', group: 'Output', takes: 'switch', describe: 'The table as JSON' },
  ],
  examples: [
    ['$0 params', 'All parameters with their defaults'],
    ['$0 params eta', 'What learning_rate is, and its other names'],
  ],
  async run(values) {
    const infos = values.word === undefined ? parameterTable : [find(values.word)]
    if (values.isOn('json')) await print(`${JSON.stringify(infos, null, 2)}\n`)
    else if (values.isOn('markdown')) await print(parametersPage())
    else if (values.word === undefined) await print(listText())
    else await print(infos.map(explain).join('\n'))
    return ExitCode.ok
  },
}

function find(name: string): ParameterInfo {
  const info = findParameter(name)
  if (info !== undefined) return info
  const near = nearestName(name, parameterTable.flatMap((each) => [each.name, ...each.aliases]))
  throw new UsageError(`unknown parameter "${name}"` +
    (near === null ? '' : `; did you mean "${near}"?`))
}

function listText(): string {
  const order = ['supported', 'no-effect', 'unbuilt'] as const
  const rows = order.flatMap((status) => parameterTable.filter((info) => info.status === status))
    .map((info) => [info.name, showDefault(info), shortStatus[info.status], describeLegal(info)])
  return tableText(['parameter', 'default', 'status', 'legal values'], rows, [])
}

const shortStatus = {
  'supported': 'built',
  'no-effect': 'no effect here',
  'unbuilt': 'not built yet',
} as const

const statusText = {
  'supported': '',
  'no-effect': 'accepted, without effect here',
  'unbuilt': 'accepted at its default only: not built',
} as const

function explain(info: ParameterInfo): string {
  const { name, aliases, doc, status, affectsModel } = info
  const facts = [
    ['default', showDefault(info)],
    ['legal', describeLegal(info)],
    ['also named', aliases.join(', ')],
    ['status', statusText[status]],
    ['model', affectsModel || status !== 'supported' ? '' : 'does not depend on it'],
  ].filter(([, text]) => text !== '')
  return `${name}\n  ${doc.replaceAll('`', '')}\n` +
    facts.map(([title, text]) => `  ${title!.padEnd(10)}  ${text}\n`).join('')
}

function showDefault({ default: value }: ParameterInfo): string {
  const text = Array.isArray(value) ? value.join(',') : String(value ?? '')
  return text === '' ? 'none' : text
}
