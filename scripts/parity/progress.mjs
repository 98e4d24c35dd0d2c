/**
 * What a long report has come to so far, in a file: a run that was ended goes on where it was.
 * Nothing is taken over from a run with other options, of other libraries or of another build.
 */
import { existsSync, readFileSync } from 'node:fs'
import { inRoot, listPackages, walk } from '../lib/paths.mjs'
import { hashContents } from '../lib/stamp.mjs'
import { replaceFile } from '../lib/replace-file.mjs'

/** Results of cases by name, kept in a file; in memory only where there is none. */
export class Progress {
  #file
  #key
  #results = {}

  /**
   * @param {string | null} file
   * @param {object} about - options and versions that results depend on
   */
  constructor(file, about) {
    this.#file = file
    if (file === null) return
    this.#key = JSON.stringify({ ...about, build: buildHash() })
    if (!existsSync(file)) return
    const { key, results } = JSON.parse(readFileSync(file, 'utf8'))
    if (key === this.#key) this.#results = results
  }

  /**
   * The result of a case, from the file or of `compute`, and then in the file.
   *
   * @template Result
   * @param {string} name
   * @param {() => Promise<Result>} compute
   * @returns {Promise<Result>}
   */
  async of(name, compute) {
    const known = this.#results[name]
    if (known !== undefined) return known
    const result = await compute()
    this.#results[name] = result
    this.#write()
    return result
  }

  #write() {
    if (this.#file === null) return
    replaceFile(this.#file, JSON.stringify({ key: this.#key, results: this.#results }))
  }
}

/** Of everything that is built and run. */
function buildHash() {
  const built = listPackages().flatMap(({ dir }) => {
    const folder = inRoot('packages', dir, 'dist/src')
    return walk(folder).filter((file) => file.endsWith('.js')).map((file) => `${folder}/${file}`)
  })
  const own = ['cases', 'data', 'metrics', 'compare', 'ours']
  return hashContents([...built, ...own.map((name) => inRoot('scripts/parity', `${name}.mjs`))])
}
