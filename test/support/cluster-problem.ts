import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { partitionData } from '@coppice/data/node'
import { TestRandom } from '@coppice/testkit'

/** What a problem is made of; everything follows from these, on any machine. */
export interface ProblemRecipe {
  readonly seed: number
  readonly nRows: number
  readonly nNumeric: number
  readonly nCategorical: number
  readonly format: 'csv' | 'parquet' | 'arrow'
  readonly partitions: number
  readonly objective: 'regression' | 'binary' | 'multiclass'
  readonly hasWeights: boolean
  /** An evaluation set of a fifth of the rows, and early stopping on it. */
  readonly hasValid: boolean
  /** Training parameters under their canonical names. */
  readonly params: Readonly<Record<string, number | string>>
}

/** A problem on disk. */
export interface Problem {
  readonly recipe: ProblemRecipe
  /** Flags of `coppice train` that say what is to be learned, from which files. */
  readonly flags: readonly string[]
  /** Files that hold its rows. */
  readonly folder: string
}

const rowsMin = 2000

/**
 * Draws a recipe: numbers, categories, gaps, some thousand rows and more.
 *
 * @param nRowsMax - at least 2000
 */
export function drawRecipe(seed: number, nRowsMax: number): ProblemRecipe {
  const random = new TestRandom(seed)
  // Small ones are common: more of them fit into a night.
  const share = random.uniform() * random.uniform()
  const nRows = rowsMin + Math.floor((Math.max(rowsMin, nRowsMax) - rowsMin) * share)
  const objective = random.pick(['regression', 'binary', 'binary', 'multiclass'] as const)
  const hasValid = random.uniform() < 0.6
  const params: Record<string, number | string> = {
    num_iterations: objective === 'multiclass' ? 15 + random.below(15) : 30 + random.below(40),
    num_leaves: random.pick([15, 31, 63]),
    learning_rate: random.pick([0.05, 0.1, 0.2]),
    min_data_per_group: 20,
  }
  if (random.uniform() < 0.3) Object.assign(params, { bagging_fraction: 0.7, bagging_freq: 2 })
  if (random.uniform() < 0.3) params['feature_fraction'] = 0.8
  if (random.uniform() < 0.2) params['grow_policy'] = 'depthwise'
  if (hasValid) params['early_stopping_round'] = 5 + random.below(20)
  if (objective === 'multiclass') params['num_class'] = nClasses
  return {
    seed, nRows,
    nNumeric: 3 + random.below(12),
    nCategorical: random.below(4),
    format: random.pick(['csv', 'csv', 'parquet', 'arrow'] as const),
    partitions: 2 + random.below(9),
    objective,
    hasWeights: random.uniform() < 0.3,
    hasValid,
    params,
  }
}

/** Recipe in one line, for logs. */
export function describeRecipe(recipe: ProblemRecipe): string {
  const { nRows, nNumeric, nCategorical, format, partitions, objective, params } = recipe
  const extras = [recipe.hasWeights ? ', weights' : '', recipe.hasValid ? ', early stopping' : '']
  return `${objective}, ${nRows} rows x ${nNumeric}+${nCategorical}, ${partitions} ${format} ` +
    `partitions, ${params['num_leaves']} leaves x ${params['num_iterations']}${extras.join('')}`
}

/** Writes a problem's files. The same recipe gives the same bytes. */
export async function makeProblem(recipe: ProblemRecipe, folder: string): Promise<Problem> {
  await mkdir(folder, { recursive: true })
  const random = new TestRandom(recipe.seed ^ 0x51ab_77e1)
  const train = await writeRows(recipe, random, recipe.nRows, recipe.partitions,
    path.join(folder, 'train'))
  const flags = ['--data', train, '--label', 'target']
  if (recipe.hasValid) {
    const valid = await writeRows(recipe, random, Math.floor(recipe.nRows / 5), 2,
      path.join(folder, 'valid'))
    flags.push('--valid', valid)
  }
  if (recipe.hasWeights) flags.push('--weight', 'w')
  flags.push('--objective', recipe.objective)
  for (const [name, value] of Object.entries(recipe.params)) flags.push(`--${name}`, `${value}`)
  return { recipe, flags, folder }
}

const nClasses = 4
const gapShare = 0.07

/** @returns the pattern or manifest that names the files */
async function writeRows(
  recipe: ProblemRecipe, random: TestRandom, nRows: number, partitions: number, out: string,
): Promise<string> {
  const csv = recipe.format === 'csv' ? out : `${out}-csv`
  await mkdir(csv, { recursive: true })
  for (let k = 0; k < partitions; k++) {
    // Unequal cuts: every second partition is twice as long as its neighbour.
    const weight = (i: number): number => 1 + (i % 2)
    const total = Array.from({ length: partitions }, (_, i) => weight(i)).reduce((a, b) => a + b)
    const before = Array.from({ length: k }, (_, i) => weight(i)).reduce((a, b) => a + b, 0)
    const from = Math.floor(nRows * before / total)
    const to = Math.floor(nRows * (before + weight(k)) / total)
    const lines = Array.from({ length: to - from }, () => row(recipe, random))
    await writeFile(path.join(csv, `part-${String(k).padStart(3, '0')}.csv`),
      `${[header(recipe), ...lines].join('\n')}\n`)
  }
  if (recipe.format === 'csv') return path.join(csv, '*.csv')
  const [written] = await partitionData({
    inputs: path.join(csv, '*.csv'), out, partitions, outputFormat: recipe.format,
  })
  return written!.manifest
}

function header({ nNumeric, nCategorical, hasWeights }: ProblemRecipe): string {
  return [...names('x', nNumeric), ...names('c', nCategorical), ...(hasWeights ? ['w'] : []),
    'target'].join()
}

function names(prefix: string, n: number): string[] {
  return Array.from({ length: n }, (_, i) => `${prefix}${i}`)
}

/** A row of CSV: numbers of several kinds, categories, gaps, and a target that depends on them. */
function row(recipe: ProblemRecipe, random: TestRandom): string {
  const fields: string[] = []
  let signal = 0
  for (let i = 0; i < recipe.nNumeric; i++) {
    const value = i % 3 === 2 ? random.below(20) : random.normal() * (1 + i)
    signal += i < 4 ? Math.sign(value - (i % 3 === 2 ? 9 : 0)) / (1 + i) : 0
    fields.push(random.uniform() < gapShare ? '' : i % 3 === 2 ? `${value}` : value.toFixed(4))
  }
  for (let i = 0; i < recipe.nCategorical; i++) {
    const level = Math.floor(random.uniform() * random.uniform() * (8 + 20 * i))
    signal += level % 3 === 0 ? 0.7 : -0.2
    fields.push(random.uniform() < gapShare ? '' : `k${level}`)
  }
  if (recipe.hasWeights) fields.push((0.25 + random.uniform() * 2).toFixed(3))
  fields.push(target(recipe, signal + random.normal()))
  return fields.join()
}

function target({ objective }: ProblemRecipe, signal: number): string {
  switch (objective) {
    case 'regression': return signal.toFixed(3)
    case 'binary': return signal > 0 ? '1' : '0'
    case 'multiclass':
      return `${Math.max(0, Math.min(nClasses - 1, Math.floor(signal + nClasses / 2)))}`
  }
}
