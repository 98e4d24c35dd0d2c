import { CoppiceError } from '@coppice/model'
import { Dataset } from '../data/dataset.js'
import { checkOptionNames, requireList } from '../options.js'
import type { NamedDataset } from './recipe.js'

/**
 * Evaluation sets with their names, `valid_0` and so on for those without.
 * @throws CoppiceError 'PARAMETER' naming what is no list of them
 */
export function namedSets(sets: unknown = []): NamedDataset[] {
  requireList('evalSets', sets, 'Dataset or {name, data}')
  return sets.map((set, i) => {
    if (set instanceof Dataset) return { name: `valid_${i}`, data: set }
    const { name, data } = (set ?? {}) as Partial<NamedDataset>
    if (!(data instanceof Dataset)) throw wrong(i, set)
    if (typeof name !== 'string') {
      throw new CoppiceError('PARAMETER', `the name of evaluation set ${i} must be a text, got ` +
        `${JSON.stringify(name) ?? typeof name}`)
    }
    checkOptionNames(`evalSets[${i}]`, set, ['name', 'data'])
    return { name, data }
  })
}

function wrong(i: number, got: unknown): CoppiceError {
  const keys = typeof got === 'object' && got !== null
    ? Object.keys(got).slice(0, 5).join(', ') : ''
  const shown = got === null ? 'null'
    : typeof got === 'object' ? `an object with ${keys || 'nothing'}` : `a ${typeof got}`
  return new CoppiceError('PARAMETER', `evalSets[${i}] must be a Dataset or {name, data}, with ` +
    'a text for a name and a Dataset (Dataset.open(files), or Dataset.from(rows, labels)) for ' +
    `data; got ${shown}`)
}
