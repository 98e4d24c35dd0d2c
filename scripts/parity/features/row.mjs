/**
 * Rows of the table of LightGBM's features.
 *
 * @typedef {{ file: string, title: string }} Proof - a test: its file, and its title as it is
 *   printed; where the title ends in a name, such as that of a case, the name is in the file
 * @typedef {object} Feature
 * @property {string} feature - Markdown
 * @property {string} note - what is to be known of it here
 * @property {Proof[]} proofs
 * @property {string[]} refusals - keys of refusals.mjs that stand in its way: names of parameters,
 *   or `name=value`
 * @property {'built' | 'elsewhere' | 'refused' | 'missing'} state - elsewhere: what LightGBM does
 *   by a parameter is done in another way; missing: neither built nor asked for by a parameter
 */

/** Tests of a file. @returns {(...titles: string[]) => Proof[]} */
export function testsOf(file) {
  return (...titles) => titles.map((title) => ({ file, title }))
}

/** A feature that works; some values of its parameters may be refused. */
export function built(feature, proofs, { note = '', refusals = [] } = {}) {
  return { feature, note, proofs, refusals, state: 'built' }
}

/** A feature that works, by other means than LightGBM's parameters, which are refused. */
export function elsewhere(feature, note, proofs, refusals = []) {
  return { feature, note, proofs, refusals, state: 'elsewhere' }
}

/** The test that looks at every refusal of the table. */
const refusalTest = testsOf('test/parity.test.ts')('names itself, its value and a way out')

/** A feature whose parameters, or values, are refused by name. */
export function refused(feature, refusals, note = '') {
  return { feature, note, proofs: refusalTest, refusals, state: 'refused' }
}

/** What there is not, and no parameter asks for. */
export function missing(feature, note) {
  return { feature, note, proofs: [], refusals: [], state: 'missing' }
}
