import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync }
  from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildId, buildIdOf, type BuildPackage, buildPackages } from '../../src/node/build-id.js'

describe('buildId', () => {
  let folder = ''
  let nCopies = 0
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'coppice-build-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  /** The packages of this process, elsewhere. */
  function copied(): BuildPackage[] {
    const to = join(folder, `copy ${nCopies++}`)
    return buildPackages().map((part) => {
      const from = fileURLToPath(part.root)
      const root = join(to, part.name)
      cpSync(join(from, 'package.json'), join(root, 'package.json'))
      cpSync(join(from, 'dist/src'), join(root, 'dist/src'), {
        recursive: true, filter: (path) => statSync(path).isDirectory() || path.endsWith('.js'),
      })
      return { ...part, root: `${pathToFileURL(root).href}/` }
    })
  }

  it('is the same wherever the packages are installed', () => {
    assert.match(buildId(), /^[0-9a-f]{16}$/)
    assert.equal(buildIdOf(copied()), buildId())
  })

  it('changes with every program that decides bytes, and with no other', () => {
    const packages = copied()
    const change = (name: string, file: string, text: string) => {
      const { root } = packages.find((part) => part.name === name)!
      const path = fileURLToPath(new URL(`dist/src/${file}`, root))
      writeFileSync(path, text, { flag: 'a' })
    }
    const seen = new Set([buildIdOf(packages)])
    for (const [name, file] of [
      ['model', 'math/exp.js'], ['engine', 'kernels/wasm-binary.js'],
      ['engine', 'grower/tree-grower.js'], ['data', 'formats/csv-number.js'],
      ['data', 'loading/encode.js'], ['data', 'index.js'], ['cluster', 'reduce/star-reducer.js'],
      ['cluster', 'wire/wasm-binary.js'],
    ] as const) {
      change(name, file, 'void 0\n')
      seen.add(buildIdOf(packages))
    }
    assert.equal(seen.size, 9)
    const last = buildIdOf(packages)
    for (const [name, file] of [
      ['data', 'writers/csv.js'], ['cluster', 'node/status.js'], ['engine', 'index.d.ts'],
      ['engine', 'index.js.map'], ['model', 'notes.txt'],
    ] as const) {
      change(name, file, 'void 0\n')
      assert.equal(buildIdOf(packages), last, file)
    }
  })

  /** A package of two small programs. */
  function small(): { part: BuildPackage, write: (file: string, text: string) => void } {
    const root = join(folder, `small-${nCopies++}`)
    mkdirSync(join(root, 'dist/src/deep'), { recursive: true })
    const write = (file: string, text: string) => writeFileSync(join(root, file), text)
    write('package.json', '{ "version": "1.0.0" }')
    write('dist/src/a.js', 'one()\n')
    write('dist/src/deep/b.js', 'two()\n')
    return { part: { name: 'x', root: `${pathToFileURL(root).href}/`, folders: [''] }, write }
  }

  it('does not look at ends of lines and maps', () => {
    const { part, write } = small()
    const expected = buildIdOf([part])
    for (const text of ['one()\r\n', 'one()\n//# sourceMappingURL=a.js.map',
      'one()\r\n//# sourceMappingURL=elsewhere.js.map\r\n']) {
      write('dist/src/a.js', text)
      assert.equal(buildIdOf([part]), expected, JSON.stringify(text))
    }
  })

  it('looks at names, at what is added or moved, and at versions', () => {
    const { part, write } = small()
    const path = (file: string) => fileURLToPath(new URL(file, part.root))
    const seen = [buildIdOf([part])]
    const steps = [
      () => write('dist/src/c.js', ''),
      () => renameSync(path('dist/src/c.js'), path('dist/src/deep/c.js')),
      () => renameSync(path('dist/src/a.js'), path('dist/src/z.js')),
      // what one file loses the next one gets
      () => {
        write('dist/src/deep/b.js', 'two()')
        write('dist/src/deep/c.js', '\n')
      },
      () => write('package.json', '{ "version": "1.0.1" }'),
      () => rmSync(path('dist/src/z.js')),
    ]
    for (const step of steps) {
      step()
      seen.push(buildIdOf([part]))
    }
    assert.equal(new Set(seen).size, seen.length)
  })
})
