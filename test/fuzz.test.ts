import assert from 'node:assert/strict'
import path from 'node:path'
import { run } from './support/process.js'
import { importScript, root } from './support/repository.js'

interface Target {
  make(random: { below(n: number): number }): Uint8Array
  check(input: Uint8Array): 'refused' | 'accepted'
}

interface Campaign {
  fuzzTarget(
    name: string, target: Target,
    options: { nInputs: number, seed: number, first: number, inputMsMax?: number },
  ): { text: string, hasFailed: boolean }
}

describe('npm run fuzz', function () {
  this.timeout(60_000)

  const fuzz = (...args: string[]) =>
    run(process.execPath, [path.join(root, 'scripts/fuzz.mjs'), '--no-build', ...args], root)

  it('finds that every parser refuses or accepts what it should', async () => {
    const { code, stdout, stderr } = await fuzz('--inputs', '1500', '--seed', '20')
    assert.equal(code, 0, stdout + stderr)
    const lines = stdout.trim().split('\n')
    assert.deepEqual(lines.map((line) => line.split(':')[0]),
      ['frames', 'messages', 'sums', 'journal', 'upgrade'])
    for (const line of lines) {
      // Inputs get past the first check, but not all of them.
      const share = Number(/1500 inputs, (\S+) % refused/.exec(line)![1])
      assert.ok(share > 50 && share < 99.9, line)
    }
  })

  it('runs the inputs that it is asked for of one target', async () => {
    for (const target of ['sums', 'upgrade']) {
      const { code, stdout, stderr } = await fuzz('--target', target, '--inputs', '20', '--first',
        '7')
      assert.equal(code, 0, stdout + stderr)
      assert.match(stdout, new RegExp(`^${target}: 20 inputs, .* % refused, \\d+ a second.*\\n$`))
    }
  })

  it('says which options are legal', async () => {
    const wrong = [['--target', 'models'], ['--inputs', '0'], ['--seed', 'x']]
    for (const args of wrong) {
      const { code, stderr } = await fuzz(...args)
      assert.equal(code, 1)
      assert.match(stderr, /^fuzz: .*(there are: frames|must be an integer)/)
    }
  })

  describe('fuzzTarget', () => {
    /** Breaks on inputs that begin with 0x2a, which is one in a few hundred. */
    const broken: Target = {
      make: (random) => Uint8Array.of(random.below(256), random.below(256)),
      check(input) {
        if (input[0] === 0x2a) throw new RangeError('Invalid array length')
        return 'refused'
      },
    }

    it('prints a failing input and the command that replays it', async () => {
      const { fuzzTarget } = await importScript('fuzz/campaign.mjs') as Campaign
      const { text, hasFailed } = fuzzTarget('broken', broken, { nInputs: 5000, seed: 3, first: 0 })
      assert.ok(hasFailed)
      assert.match(text, /RangeError: Invalid array length/)
      const [, first] = /replay: .* --seed 3 --first (\d+) --inputs 1$/m.exec(text)!
      const input = Buffer.from(/base64: (.*)$/m.exec(text)![1]!, 'base64')
      assert.equal(input[0], 0x2a)
      const again = fuzzTarget('broken', broken, { nInputs: 1, seed: 3, first: Number(first) })
      assert.equal(again.text.split('\n').at(-1), text.split('\n').at(-1))
    })

    it('takes an input that needs too long for a failure', async () => {
      const { fuzzTarget } = await importScript('fuzz/campaign.mjs') as Campaign
      const slow: Target = {
        make: () => new Uint8Array(1),
        check() {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60)
          return 'accepted'
        },
      }
      const { text, hasFailed } = fuzzTarget('slow', slow,
        { nInputs: 1, seed: 1, first: 0, inputMsMax: 50 })
      assert.ok(hasFailed)
      assert.match(text, /it took \d+ ms/)
    })
  })
})
