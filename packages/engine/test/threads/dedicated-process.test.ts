import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { laterFlagOf } from '../../src/threads/dedicated-process.js'
import { defaultThreads } from '../../src/threads/default-threads.js'

const own = new URL('../../src/threads/', import.meta.url)

/** What V8 is told in a process of its own, by code that may call what there is. */
function told(code: string, args: readonly string[] = []): string[] {
  const script = `
    import v8 from 'node:v8'
    import { syncBuiltinESMExports } from 'node:module'
    const told = []
    v8.setFlagsFromString = (flag) => told.push(flag)
    syncBuiltinESMExports()
    const { compileLater, dedicateProcess } = await import('${own.href}dedicated-process.js')
    const { defaultThreads } = await import('${own.href}default-threads.js')
    const all = Math.max(2, defaultThreads())
    ${code}
    process.stdout.write(JSON.stringify(told))`
  const { stdout, stderr } = spawnSync(
    process.execPath, [...args, '--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.equal(stderr, '')
  return JSON.parse(stdout) as string[]
}

describe('dedicateProcess', () => {
  const flag = laterFlagOf(process.versions.v8)
  const expected = flag === null ? [] : [flag]

  it('lets threads that have all processors set when V8 compiles', () => {
    assert.deepEqual(told('dedicateProcess(); compileLater(all)'), expected)
    assert.deepEqual(told('compileLater(all)'), [], 'the process is not dedicated')
    assert.deepEqual(told('dedicateProcess(); compileLater(1)'), [], 'nobody waits for one thread')
  })

  it('leaves processors to V8 where there are more than threads', function () {
    if (defaultThreads() < 3) this.skip()
    assert.deepEqual(told('dedicateProcess(); compileLater(all - 1)'), [])
  })

  it('leaves what the process was started with', function () {
    if (flag === null) this.skip()
    for (const given of [flag, flag.replaceAll('-', '_').replace('__', '--')]) {
      assert.deepEqual(told('dedicateProcess(); compileLater(all)', [given]), [])
    }
  })

  it('knows the flags of V8 versions, and says nothing to others', () => {
    assert.equal(laterFlagOf('11.3.244.8-node.26'), '--interrupt-budget=500000')
    assert.equal(laterFlagOf('12.4.254.21-node.33'), '--invocation-count-for-turbofan=20000')
    assert.equal(laterFlagOf('13.6.233.10-node.28'), null)
  })

  it('names flags that this V8 knows', function () {
    if (flag === null) this.skip()
    // V8 writes of those that it does not
    const { stdout, stderr } = spawnSync(process.execPath,
      ['-e', `require('v8').setFlagsFromString('${flag}')`], { encoding: 'utf8' })
    assert.equal(stdout + stderr, '')
  })
})
