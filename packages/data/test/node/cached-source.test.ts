import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { defaultTextOptions } from '../../src/readers.js'
import { BLOCK_BYTES } from '../../src/node/block-cache.js'
import type { CacheNotice } from '../../src/node/cached-reader.js'
import { openSource } from '../../src/node/open-source.js'
import { openPartitionLoader } from '../../src/node/partition-loader.js'
import { PAGE_BYTES } from '../../src/node/remote-source.js'
import { FileServer, sendRange, sendStatus } from './file-server.js'
import { draw } from './sample-table.js'
import { useTempFolder } from './temp-folder.js'

const nBytes = 5 * BLOCK_BYTES + 1000
const content = Uint8Array.from({ length: nBytes }, (_, i) => draw(1, 1, i, 256))
const head = `bytes=0-${PAGE_BYTES - 1}`
/** A look at what the server tells of a file. */
const look = 'HEAD'

describe('openSource with a cache', () => {
  const temp = useTempFolder()
  const server = new FileServer()
  let folder = ''
  let nFolders = 0
  let notices: CacheNotice[] = []
  before(() => server.open(temp()))
  after(() => server.close())
  beforeEach(() => {
    server.reset()
    notices = []
    // Threads know a cache by its folder: one of its own for each test.
    folder = temp(`cache-${nFolders++}`)
    mkdirSync(folder)
    writeFileSync(temp('a.bin'), content)
  })
  const open = (name = 'a.bin') => openSource(server.url(name), {
    http: { nAttempts: 1 },
    cache: { folder, bytesMax: 1e9 },
    onCacheNotice: (notice) => notices.push(notice),
  })
  /** Ranges that were asked for since the last look. */
  const ranges = () => server.requests.splice(0).map((request) =>
    request.startsWith(`${look} `) ? look : request.split(' ')[2])
  const blocks = (from: number, to: number) =>
    `bytes=${from * BLOCK_BYTES}-${Math.min(to * BLOCK_BYTES, nBytes) - 1}`

  it('fetches nothing of what was read before, but looks whether it is the same', async () => {
    const first = await open()
    assert.deepEqual(await first.slice(0, nBytes), content)
    assert.deepEqual(ranges(), [look, blocks(0, 6)])
    await first.close()
    const second = await open()
    assert.deepEqual(await second.slice(0, nBytes), content)
    assert.deepEqual(await second.slice(nBytes - 10, nBytes), content.slice(-10))
    assert.deepEqual(ranges(), [look])
    assert.deepEqual(notices, [])
  })

  it('fetches whole blocks, those that are missing, and each once', async () => {
    const source = await open()
    const [start, end] = [BLOCK_BYTES + 5, 2 * BLOCK_BYTES + 5]
    assert.deepEqual(await source.slice(start, start + 100_000),
      content.slice(start, start + 100_000))
    assert.deepEqual(await source.slice(end - 7, end), content.slice(end - 7, end))
    assert.deepEqual(ranges(), [look, blocks(1, 2), blocks(2, 3)])
    const overlapping = await Promise.all([
      source.slice(0, 3 * BLOCK_BYTES), source.slice(BLOCK_BYTES, nBytes),
      source.slice(3 * BLOCK_BYTES - 1, nBytes),
    ])
    assert.deepEqual(overlapping,
      [content.slice(0, 3 * BLOCK_BYTES), content.slice(BLOCK_BYTES),
        content.slice(3 * BLOCK_BYTES - 1)])
    assert.deepEqual(new Set(ranges()), new Set([blocks(0, 1), blocks(3, 6)]))
  })

  it('reads the bytes of the file, whatever is asked for and whatever is there', async () => {
    for (let round = 0; round < 3; round++) {
      const source = await open()
      for (let i = 0; i < 20; i++) {
        const at = [0, 1].map((k) => draw(round, i, k, nBytes + 1)).sort((a, b) => a - b)
        const [start, end] = at as [number, number]
        if (i % 3 === 0) await source.prefetch!([[start, end], [end, nBytes]])
        assert.deepEqual(await source.slice(start, end), content.slice(start, end), `${round} ${i}`)
      }
      const kept = readdirSync(folder).filter((name) => name.endsWith('.block'))
      if (round === 1) for (const name of kept.slice(0, 3)) rmSync(`${folder}/${name}`)
      await source.close()
    }
  })

  it('fetches a damaged block again, and no other', async () => {
    await (await open()).slice(0, nBytes)
    const damaged = readdirSync(folder).find((name) => name.endsWith('-3.block'))!
    const bytes = readFileSync(`${folder}/${damaged}`)
    bytes[7]! ^= 1
    writeFileSync(`${folder}/${damaged}`, bytes)
    ranges()
    assert.deepEqual(await (await open()).slice(0, nBytes), content)
    assert.deepEqual(ranges(), [look, blocks(3, 4)])
  })

  it('knows a file by its address and its state', async () => {
    await (await open()).slice(0, nBytes)
    const other = content.map((byte) => byte ^ 1)
    writeFileSync(temp('a.bin'), other)
    assert.deepEqual(await (await open()).slice(0, nBytes), other)
    writeFileSync(temp('b.bin'), other)
    ranges()
    assert.deepEqual(await (await open('b.bin')).slice(0, nBytes), other)
    assert.deepEqual(ranges(), [look, blocks(0, 6)])
    // an older state is there still
    writeFileSync(temp('a.bin'), content)
    assert.deepEqual(await (await open()).slice(0, nBytes), content)
    assert.deepEqual(ranges(), [look])
  })

  const mute: [what: string, headers: Record<string, string> | null][] = [
    ['does not say that it serves ranges', { 'etag': '"x"', 'accept-ranges': 'none' }],
    ['would compress', { 'etag': '"x"', 'content-encoding': 'gzip' }],
    ['lets nobody look', null],
  ]
  for (const [what, headers] of mute) {
    it(`asks a server that ${what} for the first bytes`, async () => {
      server.fault = (request, response, file) => {
        const { method, headers: { range } } = request
        if (method !== 'HEAD') sendRange(response, file, range, { etag: '"x"' })
        else if (headers === null) sendStatus(response, 403)
        else sendRange(response, file, undefined, headers)
        return 'answered'
      }
      for (const fetched of [[blocks(0, 6)], []]) {
        assert.deepEqual(await (await open()).slice(0, nBytes), content)
        assert.deepEqual(ranges(), [look, head, ...fetched])
      }
    })
  }

  it('does not take a file for another that changes after the look', async () => {
    const source = await open()
    writeFileSync(temp('a.bin'), content.map((byte) => byte ^ 1))
    await assert.rejects(source.slice(0, nBytes), { code: 'IO', message: /changed while it was/ })
    assert.equal(readdirSync(folder).filter((name) => name.endsWith('.block')).length, 0)
  })

  const minute = 60_000
  const times = (agoMs: number) => {
    const now = Date.parse('2026-01-01T12:00:00Z')
    return {
      'date': new Date(now).toUTCString(),
      'last-modified': new Date(now - agoMs).toUTCString(),
    }
  }
  const validators: [what: string, headers: Record<string, string>, isKept: boolean][] = [
    ['an entity tag', { etag: '"x"' }, true],
    ['the time of the last change', times(minute), true],
    ['a weak tag and the time', { etag: 'W/"x"', ...times(minute) }, true],
    ['nothing', {}, false],
    ['a weak tag', { etag: 'W/"x"' }, false],
    ['the time of a change within this second', times(0), false],
    ['the time of a change, and not its own', { 'last-modified': times(minute)['last-modified'] },
      false],
  ]
  for (const [what, headers, isKept] of validators) {
    it(`keeps ${isKept ? '' : 'nothing '}of a server that sends ${what}`, async () => {
      server.fault = (request, response, file) => {
        response.sendDate = false
        sendRange(response, file, request.headers.range, headers)
        return 'answered'
      }
      for (const isFirst of [true, false]) {
        assert.deepEqual(await (await open()).slice(0, nBytes), content)
        const whole = isKept ? blocks(0, 6) : `bytes=0-${nBytes - 1}`
        const fetched = isKept && !isFirst ? [] : [whole]
        assert.deepEqual(ranges(), [look, ...(isKept ? [] : [head]), ...fetched])
      }
      const kept = readdirSync(folder).filter((name) => name.endsWith('.block'))
      assert.equal(kept.length, isKept ? 6 : 0)
      assert.deepEqual(notices.map(({ topic }) => topic), isKept ? []
        : ['no-validator', 'no-validator'])
      if (!isKept) assert.match(notices[0]!.text, /a\.bin is not kept .* neither an ETag nor a La/)
    })
  }

  it('reads on when the disk takes nothing, and says so once for a file', async () => {
    rmSync(folder, { recursive: true })
    const source = await open()
    assert.deepEqual(await source.slice(0, nBytes), content)
    assert.deepEqual(await source.slice(0, 200_000), content.slice(0, 200_000))
    assert.deepEqual(notices.map(({ topic }) => topic), ['not-written'])
    assert.match(notices[0]!.text, /cannot write to the cache .*cache-\d+: .* fetched again/)
  })

  it('passes on the errors of the server, to all who wait for the same bytes', async () => {
    const source = await open()
    server.fault = (_, response) => {
      response.writeHead(500).end()
      return 'answered'
    }
    const reads = [[0, 300_000], [200_000, nBytes]].map(([start, end]) =>
      assert.rejects(source.slice(start!, end!), { code: 'IO', message: /answers 500/ }))
    await Promise.all(reads)
    server.fault = null
    assert.deepEqual(await source.slice(0, nBytes), content)
  })

  it('serves the threads of a loader, and those of one that comes after it', async () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => `${i},${draw(2, 1, i, 1000)}\n`)
    writeFileSync(temp('rows.csv'), `a,b\n${rows.join('')}`)
    const plans: unknown[] = []
    const asked: string[][] = []
    const told: CacheNotice[] = []
    for (let run = 0; run < 2; run++) {
      const loader = openPartitionLoader(
        [{ uri: server.url('rows.csv'), format: 'csv', expected: null }], 2, {
          cache: { folder, bytesMax: 1e9 },
          onCacheNotice: (notice) => told.push(notice),
        })
      try {
        plans.push(await loader.runTask({
          textOptions: defaultTextOptions, columns: [], partitions: [], scan: null,
          prediction: null,
        }, { kind: 'plan', partitionIdx: 0 }))
      } finally {
        await loader.close()
      }
      asked.push(ranges() as string[])
    }
    assert.deepEqual(plans[1], plans[0])
    assert.ok(asked[0]!.length > 1)
    assert.deepEqual(asked[1], [look])
    assert.equal(told.length, 0)
    server.fault = (request, response, file) => {
      sendRange(response, file, request.headers.range, {})
      return 'answered'
    }
    const loader = openPartitionLoader(
      [{ uri: server.url('rows.csv'), format: 'csv', expected: null }], 1,
      { cache: { folder, bytesMax: 1e9 }, onCacheNotice: (notice) => told.push(notice) })
    try {
      await loader.runTask({
        textOptions: defaultTextOptions, columns: [], partitions: [], scan: null, prediction: null,
      }, { kind: 'hash', partitionIdx: 0 })
    } finally {
      await loader.close()
    }
    assert.deepEqual(told.map(({ topic }) => topic), ['no-validator'])
  })
})
