/** The table of LightGBM's features, and what is wrong with it. */
import { existsSync, readFileSync } from 'node:fs'
import { markdownTable } from '../bench/report.mjs'
import { inRoot } from '../lib/paths.mjs'
import { beyond } from './features/beyond.mjs'
import { metrics, objectives } from './features/losses.mjs'
import { growing, kinds, modes, sampled } from './features/training.mjs'
import { combinations, otherRefusals } from './features/refused.mjs'
import { control, files, many, use } from './features/use.mjs'
import { messageOf, remainingRefusals } from './refusals.mjs'
import { hasTest } from './titles.mjs'

/** @type {{ title: string, rows: import('./features/row.mjs').Feature[] }[]} */
export const sections = [
  growing, kinds, sampled, modes, objectives, metrics, control, use, files, many, beyond]

/**
 * What the table says that is not so: tests that are not there, features said to be refused whose
 * parameters are taken, features without a test, and refusals that no feature names.
 *
 * @param {typeof sections} [of]
 * @param {ReturnType<typeof remainingRefusals>} [refusals]
 * @returns {string[]} a sentence each
 */
export function faultsOf(of = sections, refusals = remainingRefusals()) {
  const rows = of.flatMap(({ rows: each }) => each)
  const named = new Set(rows.flatMap((row) => row.refusals))
  return [
    ...rows.flatMap((row) => [...faultsOfState(row, refusals), ...faultsOfProofs(row)]),
    ...otherRefusals.flatMap(({ what, proofs }) => faultsOfProofs({ feature: what, proofs })),
    ...[...refusals.keys()].filter((key) => !named.has(key))
      .map((key) => `no feature names the refusal of ${key}`),
  ]
}

function faultsOfState({ feature, state, proofs, refusals: keys }, refusals) {
  const faults = keys.filter((key) => !refusals.has(key)).map((key) =>
    `${feature}: ${key} is not refused any more; say so, and name the test that proves it`)
  if (state !== 'missing' && proofs.length === 0) faults.push(`${feature}: no test is named`)
  if (state === 'refused' && keys.length === 0) faults.push(`${feature}: no refusal is named`)
  return faults
}

const texts = new Map()

function textOf(file) {
  if (!texts.has(file)) {
    texts.set(file, existsSync(inRoot(file)) ? readFileSync(inRoot(file), 'utf8') : null)
  }
  return texts.get(file)
}

function faultsOfProofs({ feature, proofs }) {
  return proofs.flatMap(({ file, title }) => {
    const text = textOf(file)
    if (text === null) return [`${feature}: there is no file ${file}`]
    return hasTest(text, title) ? [] : [`${feature}: ${file} has no test "${title}"`]
  })
}

const states = {
  built: 'yes', elsewhere: 'elsewhere', refused: 'refused', missing: 'no',
}

/** The page, in Markdown: the same for the same table. */
export function featuresPage() {
  const refusals = remainingRefusals()
  const rows = sections.flatMap((section) => section.rows)
  const count = (state) => rows.filter((row) => row.state === state).length
  return `${[
    '# LightGBM\'s features, here',
    'Made by `npm run parity -- features`; `test/parity.test.ts` checks that it is what the '
      + 'tables say, and that every test that is named is there. LightGBM is 4.6. *yes*: built; '
      + '*elsewhere*: by other means than LightGBM\'s parameters; *refused*: an error that names '
      + 'the parameter, never ignored; *no*: neither there nor asked for by a parameter.',
    `${rows.length} features: ${count('built')} yes, ${count('elsewhere')} elsewhere, `
      + `${count('refused')} refused, ${count('missing')} no. How good the models are beside `
      + 'LightGBM\'s is in [REPORT.md](REPORT.md).',
    ...sections.flatMap(sectionText),
    '## Every refusal that remains',
    'From the table of parameters: each with what it says at a value other than its default, or '
      + 'at this value.',
    refusalsTable(refusals),
    ...combinationsText(),
  ].join('\n\n')}\n`
}

function sectionText({ title, rows }) {
  return [`## ${title}`, markdownTable(['feature', 'here', 'what to know', 'proved by'],
    rows.map((row) => [row.feature, states[row.state], row.note, proofsText(row.proofs)]))]
}

/** Tests by file, files as links. */
function proofsText(proofs) {
  const byFile = grouped(proofs)
  return [...byFile].map(([file, those]) => {
    const name = file.split('/').slice(-2).join('/')
    return `[${name}](../../${file}): ${those.map(({ title }) => `"${cell(title)}"`).join(', ')}`
  }).join('; ')
}

function grouped(proofs) {
  const found = new Map()
  for (const proof of proofs) found.set(proof.file, [...(found.get(proof.file) ?? []), proof])
  return found
}

function refusalsTable(refusals) {
  return markdownTable(['parameter', 'what is said'],
    [...refusals].map(([key, { message }]) => [`\`${key}\``, cell(message)]))
}

/** What is refused beside single parameters: said by resolving them, or proved by tests. */
function combinationsText() {
  return [
    '## What is refused together, and why',
    'Values that are legal alone: what is said of an example of each, and what LightGBM 4.6 does '
      + 'with it (nothing is said where it has no such parameter).',
    markdownTable(['parameters', 'what is said', 'LightGBM'], combinations.map(
      ({ params, lightgbm }) => [spelled(params), cell(messageOf(params)), lightgbm])),
    '## What else is refused, and why',
    'Of data, models and predictions; damaged files and misspelt names aside.',
    markdownTable(['what', 'why', 'LightGBM', 'proved by'], otherRefusals.map(
      ({ what, why, lightgbm, proofs }) => [what, why, lightgbm, proofsText(proofs)])),
  ]
}

function spelled(params) {
  return Object.entries(params).map(([name, value]) =>
    `\`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}\``).join(' ')
}

/** A bar would end a cell. */
function cell(text) {
  return text.replaceAll('|', '\\|')
}
