import { Booster, type Model, type TrainingCallback } from '@coppice/api'

/** Saves the trees so far, every so many iterations and when it is asked to. */
export class Checkpoint {
  readonly #path: string
  readonly #every: number
  readonly #onSaved: (path: string, nTrees: number) => void
  #model: (() => Model) | null = null
  #iteration = -1
  #savedIteration = -1

  constructor(
    path: string, every: number, onSaved: (path: string, nTrees: number) => void,
  ) {
    this.#path = path
    this.#every = every
    this.#onSaved = onSaved
  }

  readonly callback: TrainingCallback = async ({ iteration }, { model }) => {
    this.#model = model
    this.#iteration = iteration
    if ((iteration + 1) % this.#every === 0) await this.save()
  }

  /** @returns whether there is a file with all iterations that were committed */
  async save(): Promise<boolean> {
    if (this.#model === null) return false
    if (this.#savedIteration === this.#iteration) return true
    const iteration = this.#iteration
    const booster = new Booster(this.#model())
    await booster.save(this.#path)
    this.#savedIteration = iteration
    this.#onSaved(this.#path, booster.nTrees)
    return true
  }
}
