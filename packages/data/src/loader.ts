/**
 * Loads a data set into the memory of one process: surveys it, then bins all rows straight into
 * big arrays that threads share.
 */
import { allocateTargets, targetSize } from './loading/allocate.js'
import type { DatasetOptions, LoadedDataset, LoadInputs } from './loading/options.js'
import { report } from './loading/progress.js'
import { encodePlanOf } from './loading/recipe.js'
import { surveyDataset, unitsOf } from './loading/survey.js'

/** Loads a data set. Throws CoppiceError for whatever cannot be used, naming file and column. */
export async function runLoad(inputs: LoadInputs, options: DatasetOptions): Promise<LoadedDataset> {
  const { runner } = inputs
  const { recipe, groupSizes, partitions, columns } = await surveyDataset(inputs, options)
  const { nRows, features, classes } = recipe
  const targets = allocateTargets(targetSize(recipe.columns, nRows))
  runner.setEncoding({ plan: encodePlanOf(recipe), targets: [targets] })
  const tasks = unitsOf(recipe.partitions).map((unit) => ({
    kind: 'encode' as const,
    ...unit,
    targetIdx: 0,
    wantsGroups: false,
  }))
  await runner.run(tasks, report(options, 'bin', tasks.length))
  const { blocks, label, weight, initScore } = targets
  const data = { nRows, features, blocks, label, classes, weight, initScore, groupSizes }
  return { data, partitions, columns }
}
