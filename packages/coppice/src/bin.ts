#!/usr/bin/env node
import { hearEarlySignals, leaveEarlySignals } from './early-signals.js'
import { readVersion, wantsVersion } from './version.js'

// Loading takes a good part of a second, in which Ctrl-C must not end without a word.
hearEarlySignals()
const args = process.argv.slice(2)
if (wantsVersion(args)) {
  process.stdout.write(`${readVersion()}\n`)
} else {
  const { main } = await import('./cli.js')
  const { dedicateProcess } = await import('@coppice/api')
  const { endQuietlyWhenNobodyReads } = await import('./output.js')
  dedicateProcess()
  endQuietlyWhenNobodyReads()
  process.exitCode = await main(args)
}
leaveEarlySignals()
