/**
 * `npm run node-versions`: trains the same models with several versions of Node, and fails where
 * the SHA-256 of one differs. Versions are fetched from npm (the package `node`) into
 * .setup/node, once.
 *
 *   node scripts/node-versions.mjs                      20, 22 and 24, at the versions below
 *   node scripts/node-versions.mjs 22.23.3              others, exactly
 *   node scripts/node-versions.mjs --rows 100000        of more rows than 20000
 *   node scripts/node-versions.mjs --tests              the unit tests too, several minutes each
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { inRoot, listPackages, root, stateDir } from './lib/paths.mjs'
import { run, runNpm, seconds, tools } from './lib/run.mjs'
import { setup } from './setup.mjs'

const help = `npm run node-versions -- [versions of Node, exactly] [options]

  --rows N     rows to train with (default 20000, at least 1000)
  --tests      the unit tests too, several minutes for each version
  --help       this text`

/** The first that is supported, and the last of each line that was there when this was written. */
const versions = ['20.19.0', '20.20.2', '22.23.3', '24.21.0']
const executable = process.platform === 'win32' ? 'node.exe' : 'node'

/** The path of a Node of this version, which is fetched where it is missing. */
async function fetchNode(version) {
  if (`v${version}` === process.version) return process.execPath
  const folder = path.join(stateDir, 'node', version)
  const node = path.join(folder, 'node_modules/node/bin', executable)
  if (existsSync(node)) return node
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n')
  const { code, output } = await runNpm(
    ['install', '--no-audit', '--no-fund', '--save-exact', `node@${version}`],
    { cwd: folder, capture: true })
  if (code === 0 && existsSync(node)) return node
  throw new Error(`Node ${version} cannot be fetched from npm\n${output}`)
}

async function trainModels(node, rows) {
  const script = inRoot('scripts/node-versions/models.mjs')
  const { code, output } = await run(node, [script, String(rows)], { capture: true })
  if (code !== 0) throw new Error(`${node} cannot train\n${output}`)
  return JSON.parse(output.trim().split('\n').at(-1))
}

/** Whether all unit tests pass; prints what mocha says where one does not. */
async function runTests(node) {
  let isGood = true
  for (const { dir } of listPackages()) {
    const start = performance.now()
    const { code, output } = await run(
      node, ['--conditions=coppice-modules', tools.mocha, '--reporter', 'dot',
        'dist/test/**/*.test.js'],
      { cwd: inRoot('packages', dir), capture: true })
    const counts = /\d+ passing/.exec(output)?.[0] ?? 'nothing passed'
    console.log(`  ${dir}: ${counts}${code === 0 ? '' : ', FAILED'} (${seconds(start)})`)
    if (code !== 0) console.log(output)
    isGood &&= code === 0
  }
  return isGood
}

function report(results) {
  const [first] = results
  let isSame = true
  for (const [name, hash] of Object.entries(first.models)) {
    const others = results.filter(({ models }) => models[name] !== hash)
    if (others.length > 0) isSame = false
    console.log(`${name}: ${others.length === 0 ? hash.slice(0, 16)
      : results.map(({ node, models }) => `${node} ${models[name].slice(0, 16)}`).join(', ')}`)
  }
  for (const { node, cpuMs } of results) console.log(`${node}: ${cpuMs} ms CPU for the last`)
  console.log(isSame ? `same bytes on ${results.map(({ node }) => node).join(', ')}`
    : 'OTHER BYTES')
  return isSame
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rows: { type: 'string', default: '20000' }, tests: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return console.log(help)
  if (!(Number(values.rows) >= 1000)) throw new Error(`--rows is ${values.rows}; 1000 at least`)
  await setup({ log: (line) => console.error(`  ${line}`) })
  const results = []
  let isGood = true
  for (const version of positionals.length > 0 ? positionals : versions) {
    const node = await fetchNode(version)
    results.push(await trainModels(node, Number(values.rows)))
    if (values.tests) {
      console.log(`unit tests on Node ${version}, in ${path.basename(root)}:`)
      isGood = await runTests(node) && isGood
    }
  }
  if (!report(results) || !isGood) process.exitCode = 1
}

try {
  await main()
} catch (error) {
  console.error(`node-versions: ${error.message}`)
  process.exitCode = 1
}
