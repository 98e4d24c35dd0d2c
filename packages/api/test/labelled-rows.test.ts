/** Rows with labels that a model is evaluated on, or refit with: what of them is refused. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Dataset, evaluate, train } from '../src/index.js'

const X = Array.from({ length: 60 }, (_, i) => ({ a: i % 11, b: i * 7 % 13 }))
const small = { numIterations: 2, numLeaves: 3, minDataInLeaf: 5 } as const

describe('labelled rows of a model', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-labelled-'))
  after(() => { rmSync(folder, { recursive: true }) })

  it('are times where the model is of survival, and events are needed to measure it', async () => {
    const times = X.map(({ a, b }, i) => (i % 3 === 0 ? -1 : 1) * (1 + a + b))
    const cox = await train({ ...small, objective: 'cox' }, Dataset.from(X, times))
    await assert.rejects(evaluate(cox, Dataset.from(X, times.with(7, 0))),
      /the label of row 7 is 0; objective "cox" needs a time above 0/)
    const censored = Dataset.from(X, times.map((time) => -Math.abs(time)))
    const { metrics, omitted } = await evaluate(cox, censored)
    assert.deepEqual([metrics, omitted], [{}, ['cox_nloglik', 'c_index']])
    await assert.rejects(evaluate(cox, censored, { metrics: 'c_index' }),
      /c_index is undefined: .* all rows are censored/)
    assert.deepEqual((await evaluate(cox, Dataset.from(X, times))).omitted, [])

    const bounds = times.map((time) => [Math.abs(time), time > 0 ? time : Infinity] as const)
    const aft = await train({ ...small, objective: 'aft' }, Dataset.from(X, bounds))
    await assert.rejects(evaluate(aft, Dataset.from(X, bounds.with(2, [5, 4]))),
      /bounds of the time of row 2 are 5 and 4/)
    const open = Dataset.from(X, bounds.map(([lower]) => [lower, Infinity] as const))
    await assert.rejects(evaluate(aft, open, { metrics: 'c_index' }), /c_index is undefined/)
    await assert.rejects(aft.refit(X, times), /have 1 label column, but a model of objective aft/)
  })

  it('of files are named by file, row and column', async () => {
    const file = path.join(folder, 'times.csv')
    const bounds = X.map(({ a, b }) => [1 + a + b, 2 + a + b] as const)
    const aft = await train({ ...small, objective: 'aft' }, Dataset.from(X, bounds))
    writeFileSync(file, 'a,b,from,to\n1,2,3,4\n1,2,9,4\n')
    const rows = await Dataset.open(file, { label: ['from', 'to'] })
    const says = /time of row 2 of .*times\.csv are 9 and 4 \(from, to\)/
    await assert.rejects(aft.refit(rows), says)
    await assert.rejects(evaluate(aft, rows), says)
  })

  it('of rankings have queries in any column of theirs', async () => {
    const file = path.join(folder, 'ranking.csv')
    const rows = X.map(({ a, b }, i) => ({ a, b, q: Math.floor(i / 10), y: (a + b) % 3 }))
    writeFileSync(file, ['a,b,q,y', ...rows.map((row) => Object.values(row).join(','))].join('\n'))
    // q is a feature of this model, as in LightGBM's
    const features = rows.map(({ a, b, q }) => ({ a, b, q }))
    const y = rows.map((row) => row.y)
    const model = await train({ ...small, objective: 'lambdarank' },
      Dataset.from(features, y, { group: new Array<number>(6).fill(10) }))
    const open = async (group: string) => await Dataset.open(file, { label: 'y', group })
    const refitted = await model.refit(await open('q'), undefined, { decayRate: 0.5 })
    const same = await model.refit(features, y,
      { decayRate: 0.5, group: new Array<number>(6).fill(10) })
    assert.equal(refitted.toString(), same.toString())
    assert.deepEqual((await evaluate(model, await open('q'))).metrics,
      (await evaluate(model, Dataset.from(features, y, { group: new Array<number>(6).fill(10) })))
        .metrics)
    for (const [group, says] of [['r', /group column 'r' does not exist/],
      ['y', /'y' is named as label and as group/],
      ['a', /group column 'a'\) appears in two/]] as const) {
      await assert.rejects(model.refit(await open(group)), says)
      await assert.rejects(evaluate(model, await open(group)), says)
    }
    await assert.rejects(model.refit(features, y, { group: [61, -1] }),
      /query group 1 has the size -1/)
  })
})
