import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { root } from './support/repository.js'

/** Top-level names that belong in the repository; dot files are free. */
const topLevel = ['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'datasets',
  'lerna.json', 'package-lock.json', 'package.json', 'packages', 'scripts', 'test',
  'tsconfig.json']
/** What builds leave there, all of it ignored by git. */
const ignored = ['coverage', 'docs-build', 'node_modules']

/** Paths in back-ticks: a slash in it, no space, no pattern and no placeholder. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/`([\w@.-]+(?:\/[\w@.-]+)*\/?)`/g)]
    .map((match) => match[1] ?? '')
    .filter((found) => found.includes('/') && !found.startsWith('@'))
}

function linksIn(text: string): string[] {
  return [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map((match) => match[1] ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))
}

describe('the repository', () => {
  it('has nothing at the top that does not belong there', async () => {
    const names = (await readdir(root)).filter((name) => !name.startsWith('.'))
    assert.deepEqual(names.filter((name) => ![...topLevel, ...ignored].includes(name)), [])
  })

  it('has a map whose places exist', async () => {
    const text = await readFile(path.join(root, 'packages/README.md'), 'utf8')
    const [, table = ''] = text.split('## Where do I change')
    const places = pathsIn(table).map((place) =>
      place.startsWith('scripts/') ? place : `packages/${place}`)
    assert.ok(places.length > 20)
    assert.deepEqual(places.filter((place) => !existsSync(path.join(root, place))), [])
  })

  it('has pages whose links lead somewhere', async () => {
    for (const page of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'packages/README.md',
      'datasets/README.md']) {
      if (!existsSync(path.join(root, page))) continue
      const text = await readFile(path.join(root, page), 'utf8')
      const dead = linksIn(text).filter((link) =>
        !existsSync(path.join(root, path.dirname(page), link)))
      assert.deepEqual(dead, [], page)
    }
  })
})
