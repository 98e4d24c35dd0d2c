import { type DatasetRecipe, defaultBinning, defaultTextOptions, surveyDataset, type TaskRunner }
  from '@coppice/data'
import { openPartitionLoader, resolveInputs, type ThreadPool } from '@coppice/data/node'
import type { Job, SourcePartition } from '../../../src/protocol/messages.js'
import { WorkerFiles } from '../../../src/node/worker-files.js'
import type { MadeFiles } from './made-files.js'

/** The job of training on files with a validation set, as a coordinator would send it. */
export async function surveyedJob(files: MadeFiles, threads: ThreadPool): Promise<Job> {
  const recipes: DatasetRecipe[] = []
  const sources: SourcePartition[][] = []
  for (const folder of [files.train, files.valid]) {
    const found = await resolveInputs(folder)
    const own = found.map(({ path, format, expected }) => ({ uri: path, format, expected }))
    sources.push(own)
    const loader = openPartitionLoader(own, threads)
    let context: Parameters<TaskRunner['setContext']>[0]
    const { recipe } = await surveyDataset({
      partitions: own.map(({ uri, format, expected }) => ({ name: uri, format, expected })),
      textOptions: defaultTextOptions, params: defaultBinning, memory: null,
      runner: {
        nThreads: 1,
        setContext: (next) => {
          context = next
        },
        run: (tasks) => Promise.all(tasks.map((task) => loader.runTask(context, task))),
      },
    }, {
      label: 'y', labelKind: 'binary', ...(recipes.length === 0 ? {} : { reference: recipes[0]! }),
    })
    recipes.push(recipe)
    await loader.close()
  }
  return {
    type: 'job', job: 'job', recipes, sources,
    shape: { objective: 'binary', nClasses: 2, nOutputs: 1 },
  }
}

/** Files as a worker without a token reaches them. */
export function plainFiles(): Promise<WorkerFiles> {
  return WorkerFiles.open(
    { worker: 'w1', coordinator: 'ws://127.0.0.1:1', token: null, caFile: null, source: {} })
}
