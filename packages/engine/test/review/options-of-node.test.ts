import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

describe('ThreadExecutor under options of Node', () => {
  const url = (specifier: string): string => JSON.stringify(import.meta.resolve(specifier))
  const script = `
    import { train } from ${url('../../src/training/train.js')}
    import { ThreadExecutor } from ${url('../../src/threads/index.js')}
    import { makeDataset } from ${url('@coppice/testkit')}
    const { data } = makeDataset({ seed: 2, nRows: 300, label: 'regression',
      features: [{ kind: 'numeric', bins: 9 }] })
    const { stoppedBy } = await train(
      { params: { numIterations: 2 }, train: data }, new ThreadExecutor(2))
    process.stdout.write(stoppedBy)`
  let folder = ''

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'coppice-'))
  })

  after(() => {
    rmSync(folder, { recursive: true })
  })

  const trains = (args: readonly string[]): void => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath, args, { encoding: 'utf8', timeout: 15_000 })
    assert.equal(status, 0, stderr)
    assert.equal(stdout, 'completed')
  }

  it('trains from a file, with options of V8 too', () => {
    const file = path.join(folder, 'script.mjs')
    writeFileSync(file, script)
    trains([file])
    trains(['--max-old-space-size=1000', '--stack-size=900', '--no-warnings', file])
  })

  it('trains from text on the command line, with options of V8 too', () => {
    trains(['--input-type=module', '-e', script])
    trains(['--max-old-space-size=1000', '--input-type', 'module', '-e', script])
  })
})
