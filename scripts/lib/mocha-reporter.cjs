/**
 * The reporter of `npm test`: says nothing of tests that pass quickly, names the slow ones, the
 * skipped ones with their reason and the failed ones with a diff, and leaves the counts as JSON in
 * the file of reporter option `output`. A skip without "skipped: <reason>" in the title of the
 * test or of a block around it counts as a failure.
 */
const { writeFileSync } = require('node:fs')
const { reporters, Runner } = require('mocha')

const { EVENT_RUN_END, EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING } = Runner.constants
const { Base } = reporters
const slowestShown = 5

class SuiteReporter extends Base {
  constructor(runner, options) {
    super(runner, options)
    const counts = { passed: 0, failed: 0, skipped: 0, slow: [] }
    const skips = []
    const unexplained = []
    runner.on(EVENT_TEST_PASS, (test) => {
      counts.passed++
      if (test.speed === 'slow') {
        counts.slow.push({ title: test.fullTitle(), ms: test.duration })
      }
    })
    runner.on(EVENT_TEST_FAIL, () => counts.failed++)
    runner.on(EVENT_TEST_PENDING, (test) => {
      const explained = /\bskipped: \S/.test(test.fullTitle())
      counts[explained ? 'skipped' : 'failed']++
      ;(explained ? skips : unexplained).push(test.fullTitle())
    })
    runner.once(EVENT_RUN_END, () => {
      counts.slow.sort((a, b) => b.ms - a.ms)
      for (const { title, ms } of counts.slow.slice(0, slowestShown)) {
        console.log(`  slow: ${(ms / 1000).toFixed(1)} s  ${title}`)
      }
      for (const title of skips) console.log(`  skip: ${title}`)
      for (const title of unexplained) {
        console.log(`  FAIL: ${title}: skipped, but its title gives no "skipped: <reason>"`)
      }
      if (this.failures.length > 0) Base.list(this.failures)
      writeFileSync(options.reporterOption.output, JSON.stringify(counts))
    })
  }
}

module.exports = SuiteReporter
