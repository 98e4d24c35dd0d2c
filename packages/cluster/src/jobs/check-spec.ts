import {
  checkEvalSets, initialModel, type ResolvedParams, resolveParams, withInferred,
} from '@coppice/engine'
import {
  CoppiceError, createPredictor, type Model, parseModel, type Predictor,
} from '@coppice/model'
import type { DataSpec, JobSpec, PredictionSpec } from '../protocol/client-messages.js'

/** What a job's specification says once it is checked, without a look at the data. */
export interface CheckedSpec {
  /** Valid as far as that can be told; `numClass` is 2 where the data will tell. */
  readonly params: ResolvedParams
  readonly resumeFrom: Model | null
  /** What the training begins with, of `initialModel`. */
  readonly initModel: Model | null
}

/**
 * Checks a job as far as that can be done without its data.
 *
 * @throws CoppiceError 'PARAMETER', 'DATA' or 'MODEL'
 */
export function checkSpec(spec: JobSpec): CheckedSpec {
  const params = resolveParams(withInferred(spec.params, spec.inferred, null, null))
  for (const data of [spec.train, ...spec.evalSets.map((set) => set.data)]) checkInputs(data)
  // of the data sets only the names are looked at
  const shape = { nRows: 1, features: [] }
  checkEvalSets(shape, spec.evalSets.map(({ name }) => ({ name, data: shape })), params)
  const { resumeFrom, initModel } = spec
  return {
    params,
    resumeFrom: resumeFrom === null ? null : parseModel(resumeFrom),
    initModel: initModel === undefined ? null
      : initialModel(parseModel(initModel), params.boosting),
  }
}

/**
 * Checks a prediction as far as that can be done without its data.
 *
 * @returns what predicts; here nothing but the form of its results is of interest
 * @throws CoppiceError 'PARAMETER', 'DATA' or 'MODEL'
 */
export function checkPrediction(
  { data, model, iterations, earlyStop }: PredictionSpec,
): Predictor {
  checkInputs(data)
  if (data.rows !== null) {
    throw new CoppiceError('PARAMETER', 'a prediction is of all rows of its data: rows cannot be ' +
      'selected for it')
  }
  return createPredictor(parseModel(model), {
    ...(iterations === null ? {} : { iterations }),
    ...(earlyStop === undefined ? {} : { earlyStop }),
  })
}

/**
 * A job's name is that of its journal's file too.
 * @throws CoppiceError 'PARAMETER'
 */
export function checkJobName(job: string): void {
  if (/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/.test(job)) return
  throw new CoppiceError('PARAMETER', `a job cannot be named ${JSON.stringify(job)}; use up ` +
    'to 128 letters, digits, ".", "_" or "-", the first not "."')
}

/** /path, \\server\path, C:\path and uris. */
const absolute = /^(\/|\\\\|[A-Za-z]:[\\/]|[a-z][a-z0-9+.-]*:)/

/** A path that is not absolute means another file in every process. */
function checkInputs({ inputs }: DataSpec): void {
  if (inputs.length === 0) {
    throw new CoppiceError('DATA', 'no input is given: pass files, folders, patterns or a manifest')
  }
  const relative = inputs.find((input) => !absolute.test(input))
  if (relative === undefined) return
  throw new CoppiceError('DATA', `the input ${JSON.stringify(relative)} is a relative path, ` +
    'which workers on other machines cannot know; give an absolute path or a uri')
}
