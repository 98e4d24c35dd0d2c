import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readSideNumbers, readSideQueries } from '../../src/node/side-files.js'

describe('files beside those of the rows', () => {
  let folder = ''
  const at = (name: string): string => path.join(folder, name)
  before(async () => { folder = await mkdtemp(path.join(tmpdir(), 'coppice-sides-')) })
  after(() => rm(folder, { recursive: true }))

  it('queries and positions of all files, in the order of the rows', async () => {
    await writeFile(at('a.query'), '2\n\n1\r\n')
    await writeFile(at('b.query'), '4')
    await writeFile(at('a.position'), '0\n7\n16383\n')
    await writeFile(at('b.position'), ' 3 \n2\n1\n0\n')
    const files = [{ path: at('b'), nRows: 4 }, { path: at('a'), nRows: 3 }]
    assert.deepEqual(await readSideQueries(files), Uint32Array.of(4, 2, 1))
    const positions = await readSideNumbers(files, 'position')
    assert.deepEqual([...positions!.values], [3, 2, 1, 0, 0, 7, 16383])
    assert.equal(await readSideQueries([{ path: at('c'), nRows: 1 }]), null)
    await assert.rejects(readSideQueries([...files, { path: at('c'), nRows: 1 }]),
      /there is .*b\.query, but no .*c\.query/)
  })

  it('refuses what is none, naming file and line', async () => {
    const cases = [
      ['query', '3\n0\n', /d\.query, line 2: "0" is not the number of a query's rows/],
      ['query', '1.5\n', /line 1: "1\.5" is not/],
      ['query', '3\n4\n', /d\.query have 7 rows in all, but the data beside it have 5/],
      ['position', '1\n-1\n', /d\.position, line 2: "-1" is not a position, a whole number from 0/],
      ['position', '16384\n', /line 1: "16384" is not a position/],
      ['position', '1\n', /has 1 lines for 5 rows/],
    ] as const
    const files = [{ path: at('d'), nRows: 5 }]
    for (const [ending, text, message] of cases) {
      await writeFile(at(`d.${ending}`), text)
      await assert.rejects(
        ending === 'query' ? readSideQueries(files) : readSideNumbers(files, ending), message)
    }
  })
})
