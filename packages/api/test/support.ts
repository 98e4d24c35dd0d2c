/** Small data sets with a known truth, the same on every machine. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { CoppiceError, type ErrorCode } from '../src/index.js'

export interface Flowers {
  readonly length: Float64Array
  readonly width: Float64Array
  readonly colour: readonly string[]
  /** 1 where length + width > 1, reversed where the colour is 'red'. */
  readonly label: readonly number[]
}

/** Numbers in [0, 1) by a linear congruential generator (Numerical Recipes, 2nd ed., 7.1). */
export function draws(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 0x1_0000_0000
  }
}

export function makeFlowers(nRows: number, seed: number): Flowers {
  const draw = draws(seed)
  const length = new Float64Array(nRows)
  const width = new Float64Array(nRows)
  const colour: string[] = []
  const label: number[] = []
  for (let row = 0; row < nRows; row++) {
    length[row] = draw()
    width[row] = draw()
    colour.push(['blue', 'red', 'white'][Math.floor(draw() * 3)]!)
    label.push(Number((length[row]! + width[row]! > 1) !== (colour[row] === 'red')))
  }
  return { length, width, colour, label }
}

/** Rows as arrays: [length, width, colour]. */
export function asArrays({ length, width, colour }: Flowers): (number | string)[][] {
  return colour.map((name, row) => [length[row]!, width[row]!, name])
}

export function asObjects({ length, width, colour }: Flowers) {
  return colour.map((name, row) => ({ length: length[row]!, width: width[row]!, colour: name }))
}

export function asColumns({ length, width, colour }: Flowers) {
  return { length, width, colour }
}

/** CSV with the label as the last column, `species`. */
export function asCsv({ length, width, colour, label }: Flowers): string {
  const lines = colour.map((name, row) => `${length[row]},${width[row]},${name},${label[row]}`)
  return `length,width,colour,species\n${lines.join('\n')}\n`
}

/** A folder that is removed after the suite. */
export function temporaryFolder(): (name: string) => string {
  let folder = ''
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-api-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))
  return (name) => path.join(folder, name)
}

/** Asserts a rejection with a CoppiceError of this code, whose message holds all of the words. */
export async function rejects(
  work: Promise<unknown> | (() => unknown), code: ErrorCode, ...words: readonly string[]
): Promise<void> {
  const attempt = typeof work === 'function' ? async () => await work() : () => work
  await assert.rejects(attempt, (error: unknown) => {
    assert.ok(error instanceof CoppiceError, `not a CoppiceError: ${String(error)}`)
    assert.equal(error.code, code, error.message)
    for (const word of words) {
      assert.ok(error.message.includes(word), `"${error.message}" does not say "${word}"`)
    }
    return true
  })
}
