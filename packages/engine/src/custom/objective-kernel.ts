import { CoppiceError } from '../errors.js'
import { nearestEven, saturate } from '../kernels/fixed-point.js'
import type { GradientInputs, ObjectiveKernel } from '../objectives/objective.js'
import { asObjective, placeOf } from './define.js'
import { codeOf } from './registry.js'
import { customMath, type CodeRef, type CustomGradients, type CustomRows } from './types.js'

/** Rows that the function is given at a time. */
const BATCH_ROWS = 4096
/** Beyond these gains would overflow: see training/check-data.ts. */
const GRADIENT_MAX = 1e90
const HESSIAN_MAX = 1e80

/** Where a kernel's rows are. */
export interface CustomPlace {
  readonly memory: WebAssembly.Memory
  readonly nOutputs: number
  /** Global row id of a row of this engine, for messages. */
  readonly rowId: (row: number) => number
}

interface Derivatives {
  /** nOutputs x nRows each, by output. */
  readonly gradients: Float64Array
  readonly hessians: Float64Array
}

/**
 * A loss of the user's over the rows of a thread. What the function says of a batch is checked:
 * numbers must be finite, hessians not negative, and the first batch of a thread is computed again
 * in other groups of rows, with equal bits.
 */
export class CustomKernel implements ObjectiveKernel {
  readonly #code: CodeRef
  readonly #function: CustomGradients
  readonly #in: GradientInputs
  readonly #place: CustomPlace
  #isChecked = false
  /** Of the scores as they are: from a maximum that was asked for until the gradients are. */
  #derivatives: Derivatives | null = null

  /** @throws CoppiceError 'PARAMETER' where the code is not loaded in this thread */
  constructor(code: CodeRef, inputs: GradientInputs, place: CustomPlace) {
    this.#code = code
    this.#function = asObjective(codeOf(code), code).gradients
    this.#in = inputs
    this.#place = place
  }

  maxGradient(): number {
    this.#derivatives = this.#compute()
    return largest(this.#derivatives.gradients)
  }

  maxHessian(): number {
    this.#derivatives ??= this.#compute()
    return largest(this.#derivatives.hessians)
  }

  gradients(gradientScale: number, hessianScale: number): void {
    const { gradients, hessians } = this.#derivatives ?? this.#compute()
    this.#derivatives = null
    const { nRows, gradients: at, gradientStride, gradientPlaneBytes } = this.#in
    const out = new Int32Array(this.#place.memory.buffer)
    for (let k = 0; k < this.#place.nOutputs; k++) {
      for (let i = 0; i < nRows; i++) {
        const word = (at + k * gradientPlaneBytes + i * gradientStride) >>> 2
        out[word] = saturate(nearestEven(gradients[k * nRows + i]! * gradientScale))
        out[word + 1] = saturate(nearestEven(hessians[k * nRows + i]! * hessianScale))
      }
    }
  }

  onScores(): void {
    this.#derivatives = null
  }

  #compute(): Derivatives {
    const { nRows } = this.#in
    const { nOutputs } = this.#place
    const all = {
      gradients: new Float64Array(nRows * nOutputs), hessians: new Float64Array(nRows * nOutputs),
    }
    for (let first = 0; first < nRows; first += BATCH_ROWS) {
      const n = Math.min(BATCH_ROWS, nRows - first)
      const batch = this.#run(first, n)
      this.#checkBatch(batch, first, n)
      if (!this.#isChecked) this.#checkGroups(batch, first, n)
      for (let k = 0; k < nOutputs; k++) {
        const from = k * n
        all.gradients.set(batch.gradients.subarray(from, from + n), k * nRows + first)
        all.hessians.set(batch.hessians.subarray(from, from + n), k * nRows + first)
      }
    }
    return all
  }

  /** What the function says of n rows; NaN where it says nothing. */
  #run(first: number, n: number): Derivatives {
    const { nOutputs } = this.#place
    const gradients = new Float64Array(n * nOutputs).fill(NaN)
    const hessians = new Float64Array(n * nOutputs).fill(NaN)
    try {
      this.#function(this.#rows(first, n), gradients, hessians)
    } catch (cause) {
      throw new CoppiceError('PARAMETER', `the objective ${placeOf(this.#code)} failed: ` +
        (cause instanceof Error ? cause.message : String(cause)), { cause })
    }
    return { gradients, hessians }
  }

  #rows(first: number, n: number): CustomRows {
    const { labels, weights, scores, scorePlaneBytes } = this.#in
    const { memory, nOutputs } = this.#place
    const copy = (offset: number): Float64Array =>
      new Float64Array(memory.buffer, offset + first * 8, n).slice()
    const planes = new Float64Array(n * nOutputs)
    for (let k = 0; k < nOutputs; k++) planes.set(copy(scores + k * scorePlaneBytes), k * n)
    return {
      nRows: n, nOutputs, labels: copy(labels), weights: weights === 0 ? null : copy(weights),
      scores: planes, math: customMath,
    }
  }

  #checkBatch({ gradients, hessians }: Derivatives, first: number, n: number): void {
    for (let i = 0; i < gradients.length; i++) {
      const [gradient, hessian] = [gradients[i]!, hessians[i]!]
      if (Math.abs(gradient) <= GRADIENT_MAX && hessian >= 0 && hessian <= HESSIAN_MAX) continue
      const isGradient = !(Math.abs(gradient) <= GRADIENT_MAX)
      const { labels, scores } = this.#rows(first + i % n, 1)
      const output = Math.floor(i / n)
      throw new CoppiceError('DATA', `the objective ${placeOf(this.#code)} gives ` +
        `${isGradient ? `a gradient of ${gradient}` : `a hessian of ${hessian}`} for row ` +
        `${this.#place.rowId(first + i % n)} (label ${labels[0]}, score ${scores[output]}` +
        `${this.#place.nOutputs > 1 ? ` of output ${output}` : ''}); ` +
        `gradients must be numbers up to ${GRADIENT_MAX}, hessians from 0 to ${HESSIAN_MAX}, and ` +
        'both must be written for each row')
    }
  }

  /** The same rows in two groups of other lengths must have the same derivatives. */
  #checkGroups(whole: Derivatives, first: number, n: number): void {
    this.#isChecked = true
    const cut = n >> 1 | 1
    for (const [from, length] of [[cut, n - cut], [0, Math.min(cut, n)]] as const) {
      if (length <= 0) continue
      const part = this.#run(first + from, length)
      for (let i = 0; i < length * this.#place.nOutputs; i++) {
        const at = Math.floor(i / length) * n + from + i % length
        if (part.gradients[i] === whole.gradients[at] && part.hessians[i] === whole.hessians[at]) {
          continue
        }
        throw new CoppiceError('PARAMETER', `the objective ${placeOf(this.#code)} is not ` +
          `row-wise: of row ${this.#place.rowId(first + from + i % length)} it gives gradient ` +
          `${whole.gradients[at]} and hessian ${whole.hessians[at]} among ${n} rows, but ` +
          `${part.gradients[i]} and ${part.hessians[i]} among ${length}; what it writes for a ` +
          'row may depend on that row alone')
      }
    }
  }
}

function largest(values: Float64Array): number {
  let max = 0
  for (let i = 0; i < values.length; i++) max = Math.max(max, Math.abs(values[i]!))
  return max
}
