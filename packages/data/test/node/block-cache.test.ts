import assert from 'node:assert/strict'
import {
  chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync,
  truncateSync, utimesSync, writeFileSync,
} from 'node:fs'
import { BLOCK_BYTES, BlockCache, CACHE_BYTES_MIN, prepareCache }
  from '../../src/node/block-cache.js'
import { draw } from './sample-table.js'
import { useTempFolder } from './temp-folder.js'

/** Bytes that differ between blocks. */
function blockOf(seed: number, nBytes = 1000): Uint8Array {
  return Uint8Array.from({ length: nBytes }, (_, i) => draw(seed, 1, i, 256))
}

describe('BlockCache', () => {
  const temp = useTempFolder()
  let nFolders = 0
  let folder = ''
  beforeEach(() => {
    folder = temp(`cache-${nFolders++}`)
    mkdirSync(folder)
  })
  const open = (bytesMax = 1e9) => new BlockCache({ folder, bytesMax })
  const pathOf = (name: string) => `${folder}/${name}.block`
  const totalBytes = () =>
    readdirSync(folder).reduce((sum, name) => sum + statSync(`${folder}/${name}`).size, 0)

  it('gives back what it was given, also to another process', async () => {
    for (const nBytes of [0, 1, 3, 4, 5, BLOCK_BYTES]) {
      await open().put(`a-${nBytes}`, blockOf(nBytes, nBytes))
      assert.deepEqual(await open().get(`a-${nBytes}`, nBytes), blockOf(nBytes, nBytes))
    }
    assert.equal(await open().get('a-2', 2), null)
    assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith('.partial')), [])
  })

  const damages: [what: string, damage: (path: string) => void][] = [
    ['was cut', (path) => truncateSync(path, 500)],
    ['lost all bytes', (path) => truncateSync(path, 0)],
    ['has a zero at its end', (path) => writeFileSync(path, '\0', { flag: 'a' })],
    ['has a bit flipped', (path) => {
      const bytes = readFileSync(path)
      bytes[400]! ^= 4
      writeFileSync(path, bytes)
    }],
    ['has another checksum', (path) => {
      const bytes = readFileSync(path)
      bytes[bytes.length - 1]! ^= 1
      writeFileSync(path, bytes)
    }],
  ]
  for (const [what, damage] of damages) {
    it(`does not give a block that ${what}, and keeps the next one`, async () => {
      const cache = open()
      await cache.put('a', blockOf(1))
      damage(pathOf('a'))
      assert.equal(await cache.get('a', 1000), null)
      assert.ok(!existsSync(pathOf('a')))
      await cache.put('a', blockOf(2))
      assert.deepEqual(await cache.get('a', 1000), blockOf(2))
    })
  }

  it('does not give a block of another name or length', async () => {
    const cache = open()
    await cache.put('a', blockOf(1))
    assert.equal(await cache.get('a', 999), null)
    await cache.put('a', blockOf(1))
    renameSync(pathOf('a'), pathOf('b'))
    assert.equal(await cache.get('b', 1000), null)
  })

  it('holds no more than it may, whoever writes, and what was used last', async () => {
    const bytesMax = 16 * BLOCK_BYTES
    const caches = [open(bytesMax), open(bytesMax)]
    const some = blockOf(7, 50_000)
    await caches[0]!.put('dear', some)
    for (let i = 0; i < 300; i++) {
      await caches[i % 2]!.put(`b-${i}`, some)
      // the one does not know at once what the other writes
      assert.ok(totalBytes() <= bytesMax + BLOCK_BYTES, `${totalBytes()} after ${i}`)
      // as if the blocks were written minutes apart, and one of them read now and then
      const at = Date.now() / 1000 - 1e6 + 100 * i
      utimesSync(pathOf(`b-${i}`), at, at)
      if (i % 10 === 0) utimesSync(pathOf('dear'), at - 50, at - 50)
      if (i % 10 === 0) assert.notEqual(await caches[0]!.get('dear', 50_000), null, `${i}`)
    }
    assert.equal(await caches[1]!.get('b-0', 50_000), null)
    assert.notEqual(await caches[1]!.get('b-299', 50_000), null)
  })

  it('holds no more than it may when 64 threads begin to write at the same time', async () => {
    const caches = Array.from({ length: 64 }, () => open(CACHE_BYTES_MIN))
    const block = new Uint8Array(BLOCK_BYTES)
    let most = 0
    for (let i = 0; i < 5; i++) {
      await Promise.all(caches.map((cache, t) => cache.put(`b-${t}-${i}`, block)))
      most = Math.max(most, totalBytes())
    }
    const blocks = readdirSync(folder).filter((name) => name.endsWith('.block')).length
    assert.ok(most <= CACHE_BYTES_MIN, `${most}`)
    assert.ok(blocks * BLOCK_BYTES >= 0.4 * CACHE_BYTES_MIN, `${blocks} blocks`)
  })

  it('fills most of what it may', async () => {
    const bytesMax = 64 * (BLOCK_BYTES + 4)
    const cache = open(bytesMax)
    let most = 0
    for (let i = 0; i < 100; i++) {
      await cache.put(`b-${i}`, new Uint8Array(BLOCK_BYTES))
      assert.ok(totalBytes() <= bytesMax, `${totalBytes()} after ${i}`)
      most = Math.max(most, totalBytes())
    }
    assert.ok(most > 0.9 * bytesMax && totalBytes() > 0.75 * bytesMax, `${most}`)
  })

  it('removes what processes that died were writing, and nothing that is not its own', async () => {
    const old = Date.now() / 1000 - 7200
    const left = ['a-1-0.partial', 'b-2-0.partial', '1-0.writer', 'b-1.writer', 'note.txt']
    for (const name of left) {
      writeFileSync(`${folder}/${name}`, 'x')
      if (!name.startsWith('b')) utimesSync(`${folder}/${name}`, old, old)
    }
    await open(CACHE_BYTES_MIN).put('c', blockOf(1))
    // its own name is random, and may begin with any letter of a hexadecimal number
    const own = readdirSync(folder).filter(
      (name) => name.endsWith('.writer') && !left.includes(name))
    assert.equal(own.length, 1)
    assert.deepEqual(new Set(readdirSync(folder)),
      new Set(['b-2-0.partial', 'b-1.writer', 'c.block', 'note.txt', ...own]))
  })

  it('says which folder does not take a block', async () => {
    const cache = open()
    rmSync(folder, { recursive: true })
    await assert.rejects(cache.put('a', blockOf(1)), (error: Error) =>
      error.message.startsWith(`cannot write to the cache ${folder}: `))
    assert.equal(await cache.get('a', 1000), null)
  })
})

describe('prepareCache', () => {
  const temp = useTempFolder()

  it('makes a folder that nobody else can look into', async () => {
    const folder = temp('deep', 'cache')
    for (const bytesMax of [CACHE_BYTES_MIN, 1e12]) await prepareCache({ folder, bytesMax })
    assert.deepEqual(readdirSync(folder), [])
    if (process.platform !== 'win32') assert.equal(statSync(folder).mode & 0o777, 0o700)
  })

  it('refuses what is no folder, and sizes that are of no use', async () => {
    writeFileSync(temp('file'), '')
    await assert.rejects(prepareCache({ folder: temp('file'), bytesMax: 1e9 }),
      { code: 'IO', message: /cannot use the folder .*file as a cache/ })
    for (const bytesMax of [CACHE_BYTES_MIN - 1, 0.5, NaN, Infinity]) {
      await assert.rejects(prepareCache({ folder: temp('c'), bytesMax }),
        { code: 'PARAMETER', message: /at least 67108864 bytes/ })
    }
  })

  it('refuses a folder that others may write to, and names one to use', async function () {
    if (process.platform === 'win32') return this.skip() // it has no such bits
    const folder = temp('shared')
    mkdirSync(folder)
    for (const mode of [0o777, 0o720, 0o702, 0o1777]) {
      chmodSync(folder, mode)
      await assert.rejects(prepareCache({ folder, bytesMax: 1e9 }), {
        code: 'IO', message: new RegExp(`cannot use the folder .*shared as a cache: others may ` +
          `write to it \\(mode ${(mode & 0o777).toString(8)}\\).*shared/coppice`),
      })
    }
    // what it names can be used
    await prepareCache({ folder: `${folder}/coppice`, bytesMax: 1e9 })
    chmodSync(folder, 0o755)
    await prepareCache({ folder, bytesMax: 1e9 })
    assert.deepEqual(readdirSync(folder), ['coppice'])
  })

  it('refuses the folder of another user', async function () {
    const own = process.getuid?.()
    if (own === undefined) return this.skip() // Windows has no such numbers
    const folder = temp('theirs')
    mkdirSync(folder)
    const getuid = process.getuid
    process.getuid = () => own + 1
    try {
      await assert.rejects(prepareCache({ folder, bytesMax: 1e9 }), { code: 'IO',
        message: new RegExp(`theirs as a cache: it belongs to user ${own}, and this process ` +
          `runs as user ${own + 1}, `) })
    } finally {
      process.getuid = getuid
    }
  })
})
