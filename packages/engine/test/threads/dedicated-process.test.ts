import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { laterFlagOf } from '../../src/threads/dedicated-process.js'

const threads = new URL('../../src/threads/', import.meta.url)

/** What V8 is told in a process of its own, by code that may call what there is. */
function told(code: string, args: readonly string[] = []): string[] {
  const script = `
    import v8 from 'node:v8'
    import { syncBuiltinESMExports } from 'node:module'
    const told = []
    v8.setFlagsFromString = (flag) => told.push(flag)
    syncBuiltinESMExports()
    const { compileLater, dedicateProcess } = await import('${threads.href}dedicated-process.js')
    ${code}
    process.stdout.write(JSON.stringify(told))`
  const { stdout, stderr } = spawnSync(
    process.execPath, [...args, '--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.equal(stderr, '')
  return JSON.parse(stdout) as string[]
}

describe('dedicateProcess', () => {
  const own = laterFlagOf(process.versions.v8)
  const expected = own === null ? [] : [own]

  it('lets threads that have all processors set when V8 compiles', () => {
    assert.deepEqual(told('dedicateProcess(); compileLater(4, 4)'), expected)
    assert.deepEqual(told('dedicateProcess(); compileLater(4, 3)'), expected)
    assert.deepEqual(told('compileLater(4, 4)'), [], 'the process is not dedicated')
    assert.deepEqual(told('dedicateProcess(); compileLater(1, 1)'), [], 'nobody waits for one')
    assert.deepEqual(told('dedicateProcess(); compileLater(4, 5)'), [], 'V8 has a processor')
  })

  it('leaves what the process was started with', () => {
    for (const flag of expected) {
      for (const given of [flag, flag.replaceAll('-', '_').replace('__', '--')]) {
        assert.deepEqual(told('dedicateProcess(); compileLater(4, 4)', [given]), [])
      }
    }
  })

  it('knows the flags of V8 versions, and says nothing to others', () => {
    assert.equal(laterFlagOf('11.3.244.8-node.26'), '--interrupt-budget=500000')
    assert.equal(laterFlagOf('12.4.254.21-node.33'), '--invocation-count-for-turbofan=20000')
    assert.equal(laterFlagOf('13.6.233.10-node.28'), null)
  })

  it('names flags that this V8 knows', () => {
    // V8 writes of those that it does not
    const code = expected.map((flag) => `require('v8').setFlagsFromString('${flag}')`).join(';')
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' })
    assert.equal(stdout + stderr, '')
  })
})
