import assert from 'node:assert/strict'
import { importScript } from './support/repository.js'

interface Violation {
  readonly rule: string
  readonly file: string
  readonly line: number
  readonly message: string
}

interface Manifest {
  readonly name: string
  readonly exports?: Record<string, string>
  readonly dependencies?: Record<string, string>
}

interface Package {
  readonly dir: string
  readonly manifest: Manifest
  readonly srcReferences: readonly string[]
  readonly testReferences: readonly string[]
}

interface Project {
  readonly packages: readonly Package[]
  readonly rootManifest: { readonly devDependencies: Record<string, string> }
  readonly rootReferences: readonly string[]
  readonly files: readonly { readonly path: string, readonly text: string }[]
}

interface ArchitectureScript {
  checkArchitecture(project?: Project): Violation[]
}

/** Three packages without a fault: data -> engine -> model. */
const model: Package = {
  dir: 'model',
  manifest: { name: '@coppice/model', exports: { '.': './dist/src/index.js' } },
  srcReferences: [],
  testReferences: ['..'],
}
const engine: Package = {
  dir: 'engine',
  manifest: {
    name: '@coppice/engine',
    exports: { '.': './dist/src/index.js', './threads': './dist/src/threads/index.js' },
    dependencies: { '@coppice/model': '0.1.0' },
  },
  srcReferences: ['../model'],
  testReferences: ['..', '../../model'],
}
const data: Package = {
  dir: 'data',
  manifest: {
    name: '@coppice/data',
    exports: { '.': './dist/src/index.js' },
    dependencies: { '@coppice/engine': '0.1.0', '@coppice/model': '0.1.0', hyparquet: '1.31.5' },
  },
  srcReferences: ['../engine', '../model'],
  testReferences: ['..', '../../engine', '../../model'],
}

function project(overrides: Partial<Project> = {}): Project {
  const packages = overrides.packages ?? [model, engine, data]
  return {
    rootManifest: { devDependencies: { 'fast-check': '4.10.2' } },
    rootReferences: [
      ...packages.flatMap(({ dir }) => [`packages/${dir}`, `packages/${dir}/test`]), 'test',
    ],
    files: [],
    ...overrides,
    packages,
  }
}

describe('checkArchitecture', () => {
  let check: (project?: Project) => Violation[]

  before(async () => {
    const script = (await importScript('check-architecture.mjs')) as ArchitectureScript
    check = script.checkArchitecture
  })

  const rulesOf = (faulty: Project) => check(faulty).map(({ rule }) => rule)
  const rulesOfFile = (path: string, text: string) => rulesOf(project({ files: [{ path, text }] }))

  it('finds nothing in a project without a fault', () => {
    const files = [
      { path: 'packages/engine/src/index.ts', text: `export * from './grower.js'\n` },
      {
        path: 'packages/engine/src/grower.ts',
        text: [
          `import { validate } from '@coppice/model'`,
          `export function grow(process: () => number): number {`,
          `  return Math.sqrt(process()) * Math.PI + new Date(0).getTime() + validate.exp`,
          `}`,
        ].join('\n'),
      },
      { path: 'packages/engine/src/threads/pool.ts', text: `import 'node:worker_threads'\n` },
      { path: 'packages/engine/test/grower.test.ts', text: `import 'fast-check'\nDate.now()\n` },
      { path: 'packages/model/src/math/exp.ts', text: `export const e = Math.exp(1)\n` },
    ]
    assert.deepEqual(check(project({ files })), [])
  })

  describe('catches, in a manifest,', () => {
    it('a version that is a range', () => {
      for (const version of ['^1.31.5', '~1.0.0', '*', 'latest', '1.x']) {
        const loose = { ...data, manifest: { ...data.manifest,
          dependencies: { ...data.manifest.dependencies, hyparquet: version } } }
        assert.deepEqual(rulesOf(project({ packages: [model, engine, loose] })),
          ['pinned-versions'], version)
      }
      assert.deepEqual(rulesOf(project({ rootManifest: { devDependencies: { c8: '>=1' } } })),
        ['pinned-versions'])
    })

    it('a dependency that points back', () => {
      const back = { ...model, srcReferences: ['../engine'], testReferences: ['..', '../../engine'],
        manifest: { ...model.manifest, dependencies: { '@coppice/engine': '0.1.0' } } }
      assert.deepEqual(rulesOf(project({ packages: [back, engine, data] })), ['layers'])
    })

    it('a package without a layer', () => {
      const stray = { ...model, dir: 'stray', manifest: { name: '@coppice/stray' } }
      assert.deepEqual(rulesOf(project({ packages: [model, engine, data, stray] })), ['layers'])
    })

    it('a dependency of a package that is to have none', () => {
      const heavy = { ...engine, manifest: { ...engine.manifest,
        dependencies: { ...engine.manifest.dependencies, lodash: '4.17.21' } } }
      assert.deepEqual(rulesOf(project({ packages: [model, heavy, data] })), ['no-dependencies'])
    })

    it('references that differ from the dependencies', () => {
      const missing = { ...data, srcReferences: ['../engine'] }
      const extra = { ...model, testReferences: ['..', '../../engine'] }
      assert.deepEqual(rulesOf(project({ packages: [model, engine, missing] })), ['references'])
      assert.deepEqual(rulesOf(project({ packages: [extra, engine, data] })), ['references'])
      assert.deepEqual(rulesOf(project({ rootReferences: project().rootReferences.slice(1) })),
        ['references'])
    })
  })

  describe('catches, in an import,', () => {
    const faults: [what: string, text: string][] = [
      ['a package that points back', `import { fit } from '@coppice/data'`],
      ['an undeclared package', `import fc from 'fast-check'`],
      ['a deep import', `import { x } from '@coppice/model/dist/src/types.js'`],
      ['a deep import for types', `type X = import('@coppice/model/src/types.js').X`],
      ['a deep re-export', `export * from '@coppice/model/types'`],
      ['a path out of the package', `import { x } from '../../model/src/types.js'`],
      ['a path out of src', `import { x } from '../test/support.js'`],
      ['a path without .js', `import { x } from './types'`],
    ]
    for (const [what, text] of faults) {
      it(what, () => assert.deepEqual(rulesOfFile('packages/engine/src/x.ts', text), ['imports']))
    }

    it('a built-in of Node, a socket or a shell in a pure source', () => {
      for (const specifier of ['node:fs', 'fs', 'worker_threads', './threads/pool.js']) {
        assert.deepEqual(
          rulesOfFile('packages/engine/src/x.ts', `import { y } from '${specifier}'`),
          ['pure-imports'], specifier)
        assert.deepEqual(
          rulesOfFile('packages/engine/src/x.ts', `const y = await import('${specifier}')`),
          ['pure-imports'], specifier)
      }
    })

    it('a cycle, also one of types', () => {
      const files = [
        { path: 'packages/engine/src/a.ts', text: `import type { B } from './b.js'` },
        { path: 'packages/engine/src/b.ts', text: `export * from './c.js'` },
        { path: 'packages/engine/src/c.ts', text: `import { a } from './a.js'` },
      ]
      const [violation, ...others] = check(project({ files }))
      assert.equal(violation?.message, 'imports itself: a.ts -> b.ts -> c.ts -> a.ts')
      assert.deepEqual(others, [])
    })
  })

  describe('catches, in a pure source,', () => {
    const faults = ['Date.now()', 'new Date()', 'Date()', 'performance.now()', 'Math.random()',
      'setTimeout(f, 1)', 'setInterval(f, 1)', 'process.env', 'console.log(1)',
      'const { env } = process', 'globalThis.x = { process }', `'a'.localeCompare('b')`,
      'crypto.getRandomValues(a)', 'await fetch(url)', 'Buffer.from(a)']
    for (const fault of faults) {
      it(fault, () => {
        assert.deepEqual(rulesOfFile('packages/engine/src/x.ts', fault), ['purity'])
        assert.deepEqual(rulesOfFile('packages/engine/src/threads/x.ts', fault).filter(
          (rule) => rule === 'purity'), [])
      })
    }
  })

  describe('catches, outside model/src/math,', () => {
    const faults = ['Math.exp(x)', 'Math.log1p(x)', 'Math.pow(x, 2)', 'Math.hypot(x)', 'x ** 2',
      'x **= 2', 'const { exp } = Math', 'Math[name](x)', 'use(Math)']
    for (const fault of faults) {
      it(fault, () => {
        assert.deepEqual(rulesOfFile('packages/data/src/node/x.ts', fault), ['math'])
        assert.deepEqual(rulesOfFile('packages/model/src/math/x.ts', fault), [])
      })
    }
  })

  describe('catches, in any file,', () => {
    const path = 'packages/engine/test/x.test.ts'

    it('more than 400 lines, and a line of more than 100 characters', () => {
      assert.deepEqual(rulesOfFile(path, 'f()\n'.repeat(400)), [])
      assert.deepEqual(rulesOfFile(path, 'f()\n'.repeat(401)), ['length'])
      assert.deepEqual(rulesOfFile(path, '/'.repeat(101)), ['length'])
    })

    it('marks of unfinished work', () => {
      for (const mark of ['TO' + 'DO', 'FIX' + 'ME']) {
        assert.deepEqual(rulesOfFile(path, `// ${mark}: later`), ['unfinished'])
      }
    })

    it('default exports', () => {
      const faults = ['export default 1', 'export default function f() {}',
        'export default class {}', 'const x = 1\nexport { x as default }']
      for (const fault of faults) {
        assert.deepEqual(rulesOfFile(path, fault), ['default-exports'], fault)
      }
    })

    it('what coppice exports and nobody explains, wherever it is declared', () => {
      const rules = (text: string): string[] => check(project({ files: [
        { path: 'packages/coppice/src/index.ts', text: "export * from '@coppice/data'" },
        { path: 'packages/data/src/index.ts', text: "export { Shown, f as g } from './x.js'" },
        { path: 'packages/data/src/x.ts', text },
      ] })).filter(({ rule }) => rule === 'public-docs').map(({ line, message }) =>
        `${line} ${message.split(' ')[0]!}`)
      const documented = '/** Of a kind. */\nexport function f() {}\n'
      assert.deepEqual(rules(`export function f() {}\nexport const hidden = 1`), ['1 f'])
      assert.deepEqual(rules(`${documented}export type Shown = 1`), ['3 Shown'])
      assert.deepEqual(rules(`${documented}/** It is. */\nexport class Shown {\n` +
        'a() {}\n/** Does it. */\nb() {}\n#c() {}\nprivate d() {}\n/** Word */\nget e() {}\n}'),
      ['5 Shown.a', '11 Shown.e'])
      assert.deepEqual(rules(documented), [])
    })

    it('an index.ts that defines something', () => {
      assert.deepEqual(rulesOfFile('packages/engine/src/index.ts', 'export const x = 1'),
        ['index-files'])
    })
  })
})
