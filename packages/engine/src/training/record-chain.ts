import {
  extendChain, fromHex, sha256, startChain, toHex, type ModelHeader, type Tree,
} from '@coppice/model'

/**
 * The hash that tells how far a training is and what came of it: a function of the header and of
 * the trees as they are after its iterations, however they came to be so.
 */
export interface RecordChain {
  /** After all iterations so far. */
  readonly hash: string
  /** The hash that a model of these iterations has, where that is known. */
  readonly modelHash: string | null
  /** One more iteration. */
  append(trees: readonly Tree[]): void
  /** The trees of an iteration have other values now. */
  replace(iteration: number, trees: readonly Tree[]): void
}

/**
 * Of a training: where later iterations change earlier ones, its hash is another than a model's.
 */
export function recordChain(header: ModelHeader): RecordChain {
  return header.parameters['boosting'] === 'dart' ? new HashOfHashes(header) : new Chain(header)
}

/** The model's own chain: each iteration goes in once. */
class Chain implements RecordChain {
  #hash: string

  constructor(header: ModelHeader) {
    this.#hash = startChain(header)
  }

  get hash(): string {
    return this.#hash
  }

  get modelHash(): string {
    return this.#hash
  }

  append(trees: readonly Tree[]): void {
    this.#hash = extendChain(this.#hash, trees)
  }

  replace(): never {
    throw new Error('internal error: committed trees do not change')
  }
}

/** SHA-256 over the hashes of all iterations: changes of a few cost little. */
class HashOfHashes implements RecordChain {
  readonly modelHash = null
  readonly #start: string
  readonly #hashes: string[] = []

  constructor(header: ModelHeader) {
    this.#start = startChain(header)
  }

  get hash(): string {
    return toHex(sha256(fromHex(this.#start + this.#hashes.join(''))))
  }

  append(trees: readonly Tree[]): void {
    this.#hashes.push(extendChain(this.#start, trees))
  }

  replace(iteration: number, trees: readonly Tree[]): void {
    this.#hashes[iteration] = extendChain(this.#start, trees)
  }
}
