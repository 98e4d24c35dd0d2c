#!/usr/bin/env node
import { hearEarlySignals, leaveEarlySignals } from './early-signals.js'

// Loading takes most of a second, in which Ctrl-C must not end without a word.
hearEarlySignals()
const { main } = await import('./cli.js')
const { endQuietlyWhenNobodyReads } = await import('./output.js')

endQuietlyWhenNobodyReads()
process.exitCode = await main(process.argv.slice(2))
leaveEarlySignals()
