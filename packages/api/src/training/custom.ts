/** Objectives and metrics of the user's own, from what is given to what a training is told. */
import { openFileSource } from '@coppice/data/node'
import {
  codeModule, type CodeModule, codeOf, type CodeRef, type CustomGradients, type CustomMetric,
  type CustomObjective, defineMetric, defineObjective, findParameter, forgetInline, isDefined,
  loadModule, type MetricDefinition, metricDefinitions, registerInline,
} from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import { withScheduleLists } from './schedules.js'

/** A module and what it exports: 'loss.mjs#name', or a file: URL with the name behind #. */
export type CodeAddress = string | URL

/** What may be given as `customMetrics`. */
export type GivenMetric = CodeAddress | CustomMetric

/** What may be given as `objective` beside a name. */
export type GivenObjective = CustomObjective | CustomGradients

/** Code that a training runs. */
export interface CustomCode {
  /** Every thread and worker loads them. */
  readonly modules: readonly CodeModule[]
  /** Functions of this process. */
  readonly inline: readonly CodeRef[]
  /** Why it has to be trained in this thread, in words; null where it need not. */
  readonly boundBy: string | null
}

/** Parameters as text, and the code they refer to. */
export interface PreparedParams {
  readonly params: Readonly<Record<string, unknown>>
  readonly code: CustomCode
}

/**
 * Loads what parameters name of the user's own, and puts definitions in its place; functions of a
 * schedule become lists. Changes nothing of other parameters. `forgetCode` lets functions go again.
 *
 * @param raw - parameters in any spelling
 * @throws CoppiceError 'IO' for a module that cannot be read, 'PARAMETER' for one that is not fit
 */
export async function prepareCustom(
  raw: Readonly<Record<string, unknown>>,
): Promise<PreparedParams> {
  const params: Record<string, unknown> = withScheduleLists(raw)
  const modules = new Map<string, CodeModule>()
  const inline: CodeRef[] = []
  const find = async (given: unknown, name: string): Promise<[unknown, CodeRef]> => {
    if (typeof given === 'function' || (typeof given === 'object' && !(given instanceof URL))) {
      const code = registerInline(given, nameOf(given, name))
      inline.push(code)
      return [given, code]
    }
    const [module, code] = await load(given, name)
    modules.set(module.key, module)
    return [codeOf(code), code]
  }
  try {
    await takeObjective(params, find)
    const metrics = await takeMetrics(params, find)
    return { params, code: { modules: [...modules.values()], inline, boundBy:
      boundBy(inline, metrics) } }
  } catch (error) {
    inline.forEach(forgetInline)
    throw error
  }
}

/** Lets functions of this process go. */
export function forgetCode({ inline }: CustomCode): void {
  inline.forEach(forgetInline)
}

type Find = (given: unknown, name: string) => Promise<[unknown, CodeRef]>

async function takeObjective(params: Record<string, unknown>, find: Find): Promise<void> {
  const objective = spellingOf(params, 'objective')
  const custom = spellingOf(params, 'custom_objective')
  const given = objective === undefined ? undefined : params[objective]
  const isOwn = typeof given === 'function' || (typeof given === 'object' && given !== null)
  if (isOwn && custom !== undefined) {
    throw new CoppiceError('PARAMETER', 'objective is a function and custom_objective is given ' +
      'too; give one of them')
  }
  const source = isOwn ? given : custom === undefined ? undefined : params[custom]
  if (source === undefined || (typeof source === 'string' && isDefined(source))) return
  const definition = defineObjective(...await find(source, 'custom_objective'))
  if (isOwn) params[objective!] = 'custom'
  params[custom ?? 'customObjective'] = JSON.stringify(definition)
}

async function takeMetrics(
  params: Record<string, unknown>, find: Find,
): Promise<readonly MetricDefinition[]> {
  const key = spellingOf(params, 'custom_metrics')
  if (key === undefined) return []
  const given = params[key]
  if (typeof given === 'string' && isDefined(given)) {
    return metricDefinitions({ customMetrics: given })
  }
  const list: readonly unknown[] = Array.isArray(given) ? given
    : typeof given === 'string' ? given.split(',').map((text) => text.trim()) : [given]
  const metrics: MetricDefinition[] = []
  for (const metric of list) metrics.push(defineMetric(...await find(metric, 'custom_metrics')))
  params[key] = metrics.length === 0 ? '' : JSON.stringify(metrics)
  return metrics
}

/** The key under which a parameter is given, whatever its spelling. */
function spellingOf(params: Readonly<Record<string, unknown>>, name: string): string | undefined {
  return Object.keys(params).find((key) => params[key] !== undefined && params[key] !== null &&
    params[key] !== '' && findParameter(key)?.name === name)
}

function nameOf(given: unknown, parameter: string): string {
  const { name } = given as { readonly name?: unknown }
  return typeof name === 'string' && name !== '' ? name : parameter
}

async function load(given: unknown, parameter: string): Promise<[CodeModule, CodeRef]> {
  const text = given instanceof URL ? given.href : given
  if (typeof text !== 'string' || text === '') {
    throw new CoppiceError('PARAMETER', `${parameter} must name a module and what it exports, ` +
      `such as loss.mjs#name; got ${JSON.stringify(given) ?? typeof given}`)
  }
  const cut = text.lastIndexOf('#')
  const address = cut < 0 ? text : text.slice(0, cut)
  const path = address.startsWith('file:') ? decodeURIComponent(new URL(address).pathname) : address
  const module = await readModule(path)
  await loadModule(module)
  const { key, file } = module
  return [module, { key, file, export: cut < 0 ? 'default' : text.slice(cut + 1) }]
}

/** Reads a module of the user's. @throws CoppiceError 'IO' naming the path */
export async function readModule(path: string): Promise<CodeModule> {
  const source = await openFileSource(path)
  try {
    const bytes = await source.slice(0, source.byteLength)
    return codeModule(path.split(/[/\\]/).at(-1)!, new TextDecoder().decode(bytes))
  } finally {
    await source.close()
  }
}

function boundBy(inline: readonly CodeRef[], metrics: readonly MetricDefinition[]): string | null {
  const [first] = inline
  if (first !== undefined) {
    return `${first.export} is a function of this program, which other threads and machines do ` +
      'not have; put it into a module and name that ("loss.mjs#name")'
  }
  const whole = metrics.find(({ isWhole }) => isWhole)
  return whole === undefined ? null
    : `the metric ${whole.name} sees all rows at once; give it losses of rows instead of a value`
}

/** @throws CoppiceError 'PARAMETER' for code that is bound to this thread where there are others */
export function requireUnbound({ boundBy: reason }: CustomCode, where: string): void {
  if (reason !== null) throw new CoppiceError('PARAMETER', `${where} cannot be used: ${reason}`)
}
