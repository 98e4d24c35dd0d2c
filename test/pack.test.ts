import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { flowersCsv, makeFlowers } from './support/flowers.js'
import { mustRun, run } from './support/process.js'
import { root } from './support/repository.js'

interface PackedFile {
  readonly filename: string
  readonly name: string
  readonly files: readonly { readonly path: string }[]
}

const train = makeFlowers(2000, 1)
const fresh = makeFlowers(500, 2)

/** The library as a user's script would use it: plain ESM, installed packages only. */
const fitScript = `
import { readFileSync } from 'node:fs'
import { GBDTClassifier } from 'coppice'
const { train, fresh } = JSON.parse(readFileSync('flowers.json', 'utf8'))
const model = new GBDTClassifier({ numLeaves: 15, numIterations: 40 })
await model.fit(train.rows, train.labels)
const probabilities = await model.predictProba(fresh.rows)
await model.save('script-model.json')
console.log(JSON.stringify(Array.from(probabilities)))
`

/** The same for the compiler: the packed declarations have to resolve and to check. */
const typedScript = `
import { GBDTClassifier } from 'coppice'
export async function classify(rows: number[][], labels: number[]): Promise<Float64Array> {
  const model = new GBDTClassifier({ numLeaves: 15 })
  await model.fit(rows, labels)
  return model.predictProba(rows)
}
`

const typedConfig = {
  compilerOptions: {
    target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext', strict: true,
    noEmit: true, skipLibCheck: true, types: [],
  },
  files: ['typed.ts'],
}

describe('the packed packages, installed outside the repository', function () {
  this.timeout(120_000)

  let folder = ''
  let project = ''
  let packed: PackedFile[] = []

  const coppice = (...args: string[]) =>
    mustRun('npx', ['--no-install', 'coppice', ...args], project)

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-pack-'))
    project = path.join(folder, 'project')
    await mkdir(project)
    packed = JSON.parse(await mustRun('npm', ['pack', '--json', '--ignore-scripts',
      '--pack-destination', folder, ...await publicWorkspaces()], root)) as PackedFile[]
    await writeFile(path.join(project, 'package.json'), '{ "type": "module", "private": true }\n')
    await mustRun('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund',
      ...packed.map(({ filename }) => path.join(folder, filename))], project)
    await writeFile(path.join(project, 'train.csv'), flowersCsv(train, true))
    await writeFile(path.join(project, 'fresh.csv'), flowersCsv(fresh, false))
    await writeFile(path.join(project, 'flowers.json'), JSON.stringify({ train, fresh }))
  })

  after(() => rm(folder, { recursive: true, force: true }))

  it('hold what they run on and nothing else', () => {
    assert.ok(packed.some(({ name }) => name === 'coppice'))
    for (const { name, files } of packed) {
      const paths = files.map((file) => file.path)
      for (const file of ['dist/lib/index.js', 'dist/src/index.js', 'dist/src/index.d.ts']) {
        assert.ok(paths.includes(file), `${name} lacks ${file}`)
      }
      const strays = paths.filter((file) => /(^|\/)test\/|\.tsbuildinfo$|(?<!\.d)\.ts$/.test(file))
      assert.deepEqual(strays, [], `${name} carries files that nobody runs`)
    }
  })

  it('bring a command that explains itself', async () => {
    const help = await coppice('--help')
    for (const word of ['train', 'predict', 'inspect']) {
      assert.match(help, new RegExp(`\\b${word}\\b`))
    }
    const manifest = await readFile(path.join(root, 'packages/coppice/package.json'), 'utf8')
    const { version } = JSON.parse(manifest) as { version: string }
    assert.equal((await coppice('--version')).trim(), version)
  })

  it('train on a CSV file and predict rows not seen before, by the command', async () => {
    await coppice('train', '--data', 'train.csv', '--label', 'species', '--categorical', 'colour',
      '--objective', 'binary', '--num_leaves', '15', '--num_iterations', '40',
      '--model', 'model.json')
    await coppice('predict', '--model', 'model.json', '--data', 'fresh.csv', '--out', 'scores.csv')
    const [header, ...lines] = (await readFile(path.join(project, 'scores.csv'), 'utf8'))
      .trimEnd().split('\n')
    assert.ok(Number.isNaN(Number(header?.split(',').at(-1))), `no header but "${header}"`)
    const scores = lines.map((line) => Number(line.split(',').at(-1)))
    assertFits(scores)
  })

  it('say what is wrong and end with a status that is not 0', async () => {
    const { code, stderr } = await run('npx', ['--no-install', 'coppice', 'train',
      '--data', 'train.csv', '--label', 'specie', '--objective', 'binary',
      '--model', 'wrong.json'], project)
    assert.notEqual(code, 0)
    assert.match(stderr, /specie/)
    assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace is no message')
  })

  it('fit and predict from a script', async () => {
    await writeFile(path.join(project, 'fit.mjs'), fitScript)
    const output = await mustRun(process.execPath, ['fit.mjs'], project)
    const probabilities = JSON.parse(output) as number[]
    assert.equal(probabilities.length, 2 * fresh.rows.length)
    for (let i = 0; i < probabilities.length; i += 2) {
      const sum = (probabilities[i] ?? NaN) + (probabilities[i + 1] ?? NaN)
      assert.ok(Math.abs(sum - 1) < 1e-9, `the probabilities of row ${i / 2} sum to ${sum}`)
    }
    assertFits(probabilities.filter((_, i) => i % 2 === 1))
    assert.ok((await readdir(project)).includes('script-model.json'))
  })

  it('bring declarations that a strict TypeScript project compiles against', async () => {
    await writeFile(path.join(project, 'typed.ts'), typedScript)
    await writeFile(path.join(project, 'tsconfig.json'), JSON.stringify(typedConfig))
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
    await mustRun(process.execPath, [tsc, '-p', project], project)
  })
})

/** The truth is simple and the rows are many: a model that works gets nearly all of them. */
function assertFits(scores: readonly number[]): void {
  assert.equal(scores.length, fresh.labels.length)
  const right = scores.filter((score, i) => Number(score > 0.5) === fresh.labels[i]).length
  assert.ok(right >= 0.95 * scores.length, `only ${right} of ${scores.length} rows are right`)
}

async function publicWorkspaces(): Promise<string[]> {
  const dirs = await readdir(path.join(root, 'packages'))
  const flags = await Promise.all(dirs.sort().map(async (dir) => {
    const file = path.join(root, 'packages', dir, 'package.json')
    const text = await readFile(file, 'utf8').catch(() => null)
    if (text === null) return []
    const isPrivate = (JSON.parse(text) as { private?: boolean }).private === true
    return isPrivate ? [] : ['--workspace', `packages/${dir}`]
  }))
  return flags.flat()
}
