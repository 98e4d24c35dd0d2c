/** Runs inputs against one target, and says what came of it. */
import { TestRandom } from '../../packages/testkit/dist/src/random.js'

/** Of the process, all inputs together. */
const rssBytesMax = 1024 * 1024 * 1024
const printedBytesMax = 8192

/**
 * @typedef {object} Target
 * @property {(random: TestRandom) => Uint8Array} make - an input
 * @property {(input: Uint8Array) => 'refused' | 'accepted'} check - runs the parser; throws when
 *   it breaks a promise
 */

/**
 * @typedef {object} Campaign - a target whose inputs are not the bytes of one call
 * @property {(options: { nInputs: number, seed: number, first: number }) =>
 *   Promise<{ text: string, hasFailed: boolean }>} campaign
 */

/**
 * Runs inputs against a target of either kind.
 *
 * @param {string} name
 * @param {Target | Campaign} target
 * @param {{ nInputs: number, seed: number, first: number }} options
 * @returns {Promise<{ text: string, hasFailed: boolean }>}
 */
export async function runTarget(name, target, { nInputs, seed, first }) {
  const options = { nInputs, seed, first }
  return 'campaign' in target ? target.campaign(options) : fuzzTarget(name, target, options)
}

/**
 * @param {string} name
 * @param {Target} target
 * @param {{ nInputs: number, seed: number, first: number, inputMsMax?: number }} options - a
 *   parser that takes longer than `inputMsMax` for an input of some kilobytes hangs, or soon will
 * @returns {{ text: string, hasFailed: boolean }}
 */
export function fuzzTarget(name, target, { nInputs, seed, first, inputMsMax = 500 }) {
  const start = performance.now()
  let nRefused = 0
  let msMost = 0
  for (let i = first; i < first + nInputs; i++) {
    const input = target.make(randomOf(name, seed, i))
    try {
      const startInput = performance.now()
      if (target.check(input) === 'refused') nRefused++
      let ms = performance.now() - startInput
      if (ms > inputMsMax / 10) ms = leastTime(target, input)
      msMost = Math.max(msMost, ms)
      if (ms > inputMsMax) throw new Error(`it took ${ms.toFixed(0)} ms`)
      if (i % 64 === 0 && process.memoryUsage.rss() > rssBytesMax) {
        throw new Error(`the process has ${process.memoryUsage.rss()} bytes by now`)
      }
    } catch (error) {
      return { text: failureText(name, seed, i, input, error), hasFailed: true }
    }
  }
  const perSecond = nInputs / ((performance.now() - start) / 1000)
  const share = (100 * nRefused / nInputs).toFixed(1)
  return {
    text: `${name}: ${nInputs} inputs, ${share} % refused, ${perSecond.toFixed(0)} a second, ` +
      `the slowest ${msMost.toFixed(1)} ms`,
    hasFailed: false,
  }
}

/** Inputs are independent, so that any of them can be made again alone. */
function randomOf(name, seed, i) {
  let hash = new TestRandom(seed).word()
  for (const letter of name) hash = new TestRandom(hash ^ letter.charCodeAt(0)).word()
  return new TestRandom(new TestRandom(hash ^ i).word())
}

/** Of a few runs: the machine may be busy. */
function leastTime(target, input) {
  let least = Infinity
  for (let run = 0; run < 5; run++) {
    const start = performance.now()
    target.check(input)
    least = Math.min(least, performance.now() - start)
  }
  return least
}

function failureText(name, seed, i, input, error) {
  const what = error instanceof Error ? error.stack ?? error.message : String(error)
  const bytes = Buffer.from(input.subarray(0, printedBytesMax)).toString('base64')
  return [
    `${name}: FAILED at input ${i} (${input.length} bytes): ${what}`,
    `replay: npm run fuzz -- --target ${name} --seed ${seed} --first ${i} --inputs 1`,
    `input${input.length > printedBytesMax ? ' (its beginning)' : ''}, base64: ${bytes}`,
  ].join('\n')
}
