import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadDataset } from '@coppice/data/node'
import { InlineExecutor, type ResolvedParams, resolveParams, train } from '@coppice/engine'
import { serializeModel, sha256, toHex, type Model } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'

/** CSV partitions of a made data set, in a folder that `remove` takes away. */
export interface MadeFiles {
  readonly train: string
  readonly valid: string
  remove(): void
}

/** Writes partitions of unequal length, with missing values and texts. */
export function makeFiles(seed: number, nRows: number, nPartitions: number): MadeFiles {
  const folder = mkdtempSync(join(tmpdir(), 'coppice-worker-'))
  const random = new TestRandom(seed)
  for (const [name, n, k] of [['train', nRows, nPartitions], ['valid', nRows >> 2, 2]] as const) {
    mkdirSync(join(folder, name))
    const cuts = Array.from({ length: k - 1 }, () => random.below(n)).sort((a, b) => a - b)
    const bounds = [0, ...cuts, n]
    for (let p = 0; p < k; p++) {
      const lines = ['a,b,c,color,y']
      for (let row = bounds[p]!; row < bounds[p + 1]!; row++) lines.push(makeRow(random))
      writeFileSync(join(folder, name, `part-${p}.csv`), `${lines.join('\n')}\n`)
    }
  }
  return {
    train: join(folder, 'train'),
    valid: join(folder, 'valid'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const colors = ['red', 'green', 'blue', 'grey']

function makeRow(random: TestRandom): string {
  const [a, b, c] = [random.normal(), random.normal(), random.below(50)]
  const color = random.pick(colors)
  const score = a * b + (c > 30 ? 1 : -0.5) + (color === 'red' ? 1 : 0) + 0.3 * random.normal()
  return [random.below(10) === 0 ? '' : a.toFixed(3), b.toFixed(3), c, color,
    score > 0.3 ? 1 : 0].join(',')
}

/** SHA-256 of the model that one thread trains of the same files. */
export async function trainedHere(
  files: MadeFiles, label: string, params: Readonly<Record<string, unknown>>,
): Promise<string> {
  const labelKind = resolveParams(params).objective === 'binary' ? 'binary' : 'number'
  const binning = binningOf(resolveParams(params))
  const { data } = await loadDataset({ inputs: files.train, label, labelKind, params: binning })
  const { data: valid } = await loadDataset(
    { inputs: files.valid, label, labelKind, params: binning, reference: data })
  const { model } = await train(
    { params, train: data, evalSets: [{ name: 'valid', data: valid }] }, new InlineExecutor())
  return digestOf(model)
}

function binningOf({ maxBin, minDataInBin }: ResolvedParams) {
  return { maxBin, minDataInBin }
}

/** SHA-256 of the model file. */
export function digestOf(model: Model): string {
  return toHex(sha256(new TextEncoder().encode(serializeModel(model))))
}
