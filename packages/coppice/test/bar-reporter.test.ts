import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { BarReporter } from '../src/training/bar-reporter.js'

/** A terminal that keeps what is written to it. */
class Terminal extends Writable {
  readonly isTTY = true
  readonly columns = 120
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }

  cursorTo(): boolean {
    return true
  }

  clearLine(): boolean {
    return true
  }

  /** Forgets what was written. */
  take(): string {
    const { text } = this
    this.text = ''
    return text
  }
}

describe('BarReporter', () => {
  it('writes notices above the bar and draws it again where it was', () => {
    const terminal = new Terminal()
    const reporter = new BarReporter(terminal as unknown as NodeJS.WriteStream)
    reporter.onLoad({ dataset: 'training', phase: 'scan', done: 1, total: 4 })
    assert.match(terminal.take(), /reading training/)
    reporter.notice('worker w1 joined')
    assert.match(terminal.take(), /worker w1 joined\n.*reading training .*25%/s)
    reporter.onLoad({ dataset: 'training', phase: 'scan', done: 4, total: 4 })
    reporter.onEvent({ kind: 'started', nRows: 10, nFeatures: 2, nIterations: 8,
      firstIteration: 0, nThreads: 2 })
    for (let iteration = 0; iteration < 3; iteration++) {
      reporter.onEvent({ kind: 'iteration', iteration, nIterations: 8, nLeaves: [3],
        metrics: [{ dataset: 'v', metric: 'auc', value: 0.75, higherIsBetter: true }] })
    }
    terminal.take()
    reporter.notice('worker w3 lost')
    assert.match(terminal.take(), /worker w3 lost\n.*3\/8 .*v auc 0\.75/s)
    reporter.onEvent({ kind: 'stopped', reason: 'completed', nIterations: 8, bestIteration: null })
    terminal.take()
    reporter.notice('worker w3 joined')
    assert.equal(terminal.take(), 'worker w3 joined\n', 'no bar after the end')
    reporter.close()
  })
})
