import { commitBytes, encodeRequest } from '@coppice/engine'
import { assert, fromHex, sha256, toHex } from '@coppice/model'
import type { CommittedTree } from '../protocol/messages.js'

/**
 * The trees of the committed iterations of a job. Both ends keep one: the scores of any rows
 * are a function of it alone (contract rule 6).
 */
export class TreeLog {
  readonly #iterations: (readonly CommittedTree[])[] = []
  /** After 0, 1, ... iterations. */
  readonly #digests: string[] = [emptyDigest]

  /** Committed iterations. */
  get length(): number {
    return this.#iterations.length
  }

  /** Of all iterations; equal logs have equal digests. */
  get digest(): string {
    return this.#digests[this.#iterations.length]!
  }

  /** Of the first n iterations, or null when there are fewer. */
  digestAfter(n: number): string | null {
    return this.#digests[n] ?? null
  }

  at(iteration: number): readonly CommittedTree[] {
    const trees = this.#iterations[iteration]
    assert(trees !== undefined, `iteration ${iteration} is committed`)
    return trees
  }

  from(iteration: number): readonly (readonly CommittedTree[])[] {
    return this.#iterations.slice(iteration)
  }

  append(trees: readonly CommittedTree[]): void {
    this.#digests.push(extendDigest(this.digest, trees))
    this.#iterations.push(trees)
  }

  /** Keeps the first n iterations. */
  truncate(n: number): void {
    this.#iterations.length = Math.min(this.#iterations.length, n)
    this.#digests.length = this.#iterations.length + 1
  }
}

/** Whether the first of an iteration's trees are these. */
export function beginsWith(
  trees: readonly CommittedTree[], first: readonly CommittedTree[],
): boolean {
  const own = trees.slice(0, first.length)
  return first.length === 0 || (own.length === first.length &&
    extendDigest(emptyDigest, own) === extendDigest(emptyDigest, first))
}

const emptyDigest = toHex(sha256(new TextEncoder().encode('coppice tree log 1')))

/** SHA-256 over the digest before and the trees, each as the request that commits it. */
function extendDigest(digest: string, trees: readonly CommittedTree[]): string {
  const parts = trees.map(({ output, tree }) => {
    const request = { kind: 'commit', output, tree, leafNodes: null } as const
    const bytes = new Uint8Array(commitBytes(tree))
    return bytes.subarray(0, encodeRequest(request, bytes))
  })
  const nBytes = parts.reduce((sum, part) => sum + part.length, 0)
  const all = new Uint8Array(32 + nBytes)
  all.set(fromHex(digest))
  let at = 32
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return toHex(sha256(all))
}
