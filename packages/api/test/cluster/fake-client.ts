/** A coordinator in a few lines: keeps uploads in a folder and trains in this process. */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ClusterStatus, DataSpec, JobSpec, TrainHandlers } from '@coppice/cluster/node'
import type { LabelKind } from '@coppice/data'
import { loadDataset, resolveInputs } from '@coppice/data/node'
import {
  type BinnedDataset, type CommittedIteration, InlineExecutor, requireClassCount, resolveParams,
  selectRows, train, type TrainResult, withInferred,
} from '@coppice/engine'
import { parseModel } from '@coppice/model'
import type { TrainingClient } from '../../src/cluster/client.js'

const origin = 'http://127.0.0.1:7077/v1/data/'

export class FakeClient implements TrainingClient {
  readonly jobs: JobSpec[] = []
  /** Sizes in bytes of what was uploaded, in order. */
  readonly uploads: number[] = []
  readonly nPartitions: number[] = []
  /** Told before each iteration. */
  notices: string[] = []
  isClosed = false
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  upload(bytes: Uint8Array): Promise<string> {
    const hash = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(path.join(this.#folder, hash), bytes)
    // As the route of a coordinator: a manifest goes by a name that says so.
    if (bytes[0] === 0x7b) writeFileSync(path.join(this.#folder, `${hash}.json`), bytes)
    this.uploads.push(bytes.length)
    return Promise.resolve(origin + hash)
  }

  fetch(): Promise<TrainResult> {
    return Promise.reject(new Error('there is no job'))
  }

  async train(spec: JobSpec, handlers: TrainHandlers): Promise<TrainResult> {
    // What travels is plain data.
    const job = structuredClone(spec)
    this.jobs.push(job)
    const checked = resolveParams(withInferred(job.params, job.inferred, null))
    const load = async (name: string, data: DataSpec, reference?: BinnedDataset) =>
      this.#load(name, data, { checked, labelKind: job.labelKind, reference, handlers })
    const data = await load('training', job.train)
    const params = withInferred(job.params, job.inferred, data.classes)
    requireClassCount(data.classes, resolveParams(params))
    const evalSets = []
    for (const set of job.evalSets) {
      evalSets.push({ name: set.name, data: await load(set.name, set.data, data) })
    }
    const { onEvent, onCommitted, onNotice, signal } = handlers
    return train({
      params, train: data, evalSets,
      ...(signal === undefined ? {} : { signal }),
      ...(job.resumeFrom === null ? {} : { resumeFrom: parseModel(job.resumeFrom) }),
      onEvent: (event) => {
        if (event.kind === 'iteration') for (const text of this.notices) onNotice?.(text)
        onEvent?.(event)
      },
      callbacks: [async (_event, { model }) => {
        const answer = await onCommitted?.({} as CommittedIteration, model)
        return job.wantsGo && answer === 'stop' ? 'stop' : undefined
      }],
    }, new InlineExecutor())
  }

  async #load(
    name: string, data: DataSpec,
    { checked, labelKind, reference, handlers }: {
      checked: ReturnType<typeof resolveParams>, labelKind: LabelKind,
      reference: BinnedDataset | undefined, handlers: TrainHandlers,
    },
  ): Promise<BinnedDataset> {
    const inputs = data.inputs.map((input) => input.replace(origin, `${this.#folder}/`))
    this.nPartitions.push((await resolveInputs(inputs)).length)
    const loaded = await loadDataset({
      ...data.roles,
      inputs,
      format: (data.format ?? undefined) as 'csv' | undefined,
      header: data.header,
      missingValues: data.missingValues ?? undefined,
      schema: (data.schema ?? undefined) as Record<string, 'int'> | undefined,
      labelKind,
      params: checked,
      reference,
      onProgress: (progress) => handlers.onLoading?.({ ...progress, dataset: name }),
    })
    return data.rows === null ? loaded.data : selectRows(loaded.data, data.rows)
  }

  /** Real workers predict in test/cluster-predict.test.ts. */
  predict(): Promise<void> {
    return Promise.reject(new Error('this coordinator trains only'))
  }

  status(): Promise<ClusterStatus> {
    return Promise.resolve({ phase: 'waiting' } as ClusterStatus)
  }

  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }
}
