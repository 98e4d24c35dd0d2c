#!/usr/bin/env node
import { main } from './cli.js'
import { endQuietlyWhenNobodyReads } from './output.js'

endQuietlyWhenNobodyReads()
process.exitCode = await main(process.argv.slice(2))
