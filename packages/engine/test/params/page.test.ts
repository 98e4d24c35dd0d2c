import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parametersPage, parameterTable } from '../../src/index.js'

const file = path.resolve(import.meta.dirname, '../../../PARAMETERS.md')

describe('PARAMETERS.md', () => {
  it('is what the table makes', () => {
    assert.ok(readFileSync(file, 'utf8') === parametersPage(),
      'it is of another table: npm run docs -- --parameters')
  })

  it('has every parameter once', () => {
    const rows = [...parametersPage().matchAll(/^\| `(\w+)`/gm)].map((match) => match[1]!)
    assert.deepEqual(rows.toSorted(), parameterTable.map(({ name }) => name).toSorted())
  })
})
