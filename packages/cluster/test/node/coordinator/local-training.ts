import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ColumnType, Format } from '@coppice/data'
import { loadDataset } from '@coppice/data/node'
import {
  type BinnedDataset, InlineExecutor, requireClassCount, resolveParams, train,
  type TrainOptions, type TrainResult, withInferred,
} from '@coppice/engine'
import { parseModel, serializeModel, sha256, toHex, type Model } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import type { TrainingOrder } from '../../../src/node/index.js'
import type { DataSpec } from '../../../src/protocol/client-messages.js'

/** What the label column of made files holds. */
export type MadeLabel = 'number' | 'two-texts' | 'three-texts'

/** A folder with made CSV files, in partitions. */
export interface MadeData {
  readonly folder: string
  /** An absolute folder of partitions. */
  path(name: string): string
  remove(): void
}

/** Sets of rows with missing values, a text column, weights; each in some partitions. */
export function makeData(
  seed: number, label: MadeLabel,
  sets: Readonly<Record<string, { readonly nRows: number, readonly nPartitions: number }>>,
): MadeData {
  const folder = mkdtempSync(join(tmpdir(), 'coppice-coordinator-'))
  const random = new TestRandom(seed)
  for (const [name, { nRows, nPartitions }] of Object.entries(sets)) {
    mkdirSync(join(folder, name))
    const cuts = Array.from({ length: nPartitions - 1 }, () => random.below(nRows))
    const bounds = [0, ...cuts.sort((a, b) => a - b), nRows]
    for (let p = 0; p < nPartitions; p++) {
      const lines = ['a,b,c,color,w,y']
      for (let row = bounds[p]!; row < bounds[p + 1]!; row++) lines.push(makeRow(random, label))
      writeFileSync(join(folder, name, `part-${p}.csv`), `${lines.join('\n')}\n`)
    }
  }
  return {
    folder, path: (name) => join(folder, name),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const colors = ['red', 'green', 'blue', 'grey', 'pink', 'black']

function makeRow(random: TestRandom, label: MadeLabel): string {
  const [a, b, c] = [random.normal(), random.normal(), random.below(50)]
  const color = random.below(colors.length)
  const score = a * b + (c > 30 ? 1 : -0.5) + (color % 2) + 0.5 * random.normal()
  const y = label === 'number' ? score.toFixed(3)
    : label === 'two-texts' ? (score > 0.3 ? 'yes' : 'no')
      : score > 1 ? 'high' : score > -0.5 ? 'middle' : 'low'
  return [random.below(10) === 0 ? '' : a.toFixed(3), b.toFixed(3), c, colors[color]!,
    (1 + random.below(3)) / 2, y].join(',')
}

/** A data set of made files. */
export function dataSpec(inputs: string, change: Partial<DataSpec> = {}): DataSpec {
  return {
    inputs: [inputs], format: null, header: 'auto', missingValues: null,
    roles: { label: 'y', weight: 'w' }, schema: null, rows: null, ...change,
  }
}

/** An order with what most tests want. */
export function orderOf(
  params: TrainingOrder['params'], data: DataSpec, change: Partial<TrainingOrder> = {},
): TrainingOrder {
  const labelKind = params['objective'] === 'regression' ? 'number' : 'class'
  return {
    params, train: data, labelKind, inferred: null, evalSets: [], resumeFrom: null,
    wantsGo: false, ...change,
  }
}

/** What a training in this process makes of an order: the same steps, without any cluster. */
export async function trainHere(
  order: TrainingOrder, rest: Pick<TrainOptions, 'callbacks' | 'onEvent' | 'signal'> = {},
): Promise<TrainResult> {
  const checked = resolveParams(withInferred(order.params, order.inferred, null))
  const load = async (spec: DataSpec, reference?: BinnedDataset): Promise<BinnedDataset> => {
    const { data } = await loadDataset({
      inputs: spec.inputs, header: spec.header, ...spec.roles, labelKind: order.labelKind,
      params: {
        maxBin: checked.maxBin, minDataInBin: checked.minDataInBin,
        minDataInLeaf: checked.minDataInLeaf,
      },
      ...(spec.format === null ? {} : { format: spec.format as Format }),
      ...(spec.missingValues === null ? {} : { missingValues: spec.missingValues }),
      ...(spec.schema === null ? {} : { schema: spec.schema as Record<string, ColumnType> }),
      ...(reference === undefined ? {} : { reference }),
    })
    return data
  }
  const data = await load(order.train)
  const params = withInferred(order.params, order.inferred, data.classes)
  requireClassCount(data.classes, resolveParams(params))
  const evalSets: { name: string, data: BinnedDataset }[] = []
  for (const { name, data: spec } of order.evalSets) {
    evalSets.push({ name, data: await load(spec, data) })
  }
  const { resumeFrom } = order
  return train({
    params, train: data, evalSets, ...rest,
    ...(resumeFrom === null ? {} : { resumeFrom: parseModel(resumeFrom) }),
  }, new InlineExecutor())
}

/** SHA-256 of the model file. */
export function digestOf(model: Model): string {
  return toHex(sha256(new TextEncoder().encode(serializeModel(model))))
}
