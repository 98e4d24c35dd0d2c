import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { type BinnedBlock, type FeatureInfo, Unpacker } from '@coppice/engine'
import type { CoppiceError } from '@coppice/model'
import { defaultBinning } from '../../src/loading/job.js'
import { digestRows } from '../../src/node/digest.js'
import { loadDataset } from '../../src/node/load-dataset.js'
import { openPartitionLoader } from '../../src/node/partition-loader.js'
import { surveyDataset } from '../../src/loading/survey.js'
import { InlineRunner } from '../../src/loading/inline-runner.js'
import { SourcePartitions, sourceRefs } from '../../src/node/source-partitions.js'
import { ThreadPool } from '../../src/node/thread-pool.js'
import { defaultTextOptions } from '../../src/readers.js'
import { useTempFolder } from './temp-folder.js'

const nRows = 3000
const nGroups = 6
const nLevels = 40

/** `nGroups` categories of `nLevels` levels, one-hot, and a number in most rows. */
function writeSparse(path: string): void {
  let state = 7
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return Math.floor((state >>> 8) / 0x100_0000 * n)
  }
  const lines = Array.from({ length: nRows }, () => {
    const levels = Array.from({ length: nGroups }, (_, g) => g * nLevels + below(nLevels))
    const entries = levels.map((index) => `${index}:1`)
    entries.push(`${nGroups * nLevels}:${below(1000) / 8}`)
    return [levels[0]! % 2, ...entries].join(' ')
  })
  writeFileSync(path, `${lines.join('\n')}\n`)
}

/** The bins of rows x features, each looked for by itself. */
function denseBins(text: string, features: readonly FeatureInfo[]): Uint8Array {
  const lines = text.trim().split('\n')
  const bins = new Uint8Array(lines.length * features.length)
  for (const [row, line] of lines.entries()) {
    const values = new Float64Array(features.length)
    for (const entry of line.split(' ').slice(1)) {
      const [index, value] = entry.split(':').map(Number)
      values[index!] = value!
    }
    features.forEach(({ mapper }, f) => {
      assert.ok(mapper.kind === 'numeric')
      bins[row * features.length + f] =
        mapper.upperBounds.findIndex((bound) => values[f]! <= bound)
    })
  }
  return bins
}

describe('loading rows of many features that are mostly 0', function () {
  this.timeout(60_000)
  const temp = useTempFolder()

  it('keeps a few bytes a row and every bin, on any number of threads', async () => {
    const path = temp('sparse.svm')
    writeSparse(path)
    const source = { uri: path, format: 'libsvm' as const, expected: null }
    const files = new SourcePartitions(sourceRefs([{ path, format: 'libsvm' }], {}))
    const { recipe } = await surveyDataset({
      partitions: [{ name: path, format: 'libsvm', expected: null }],
      textOptions: defaultTextOptions, params: defaultBinning,
      runner: new InlineRunner(files), memory: null,
    }, { label: 'label' })
    await files.close()
    const expected = denseBins(readFileSync(path, 'utf8'), recipe.features)
    const requirePacked = (blocks: readonly BinnedBlock[]): void => {
      const nFeatures = recipe.features.length
      let row = 0
      for (const { firstRow, nRows: n, bins, packing } of blocks) {
        assert.equal(firstRow, row)
        assert.ok(packing !== undefined && packing.nColumns < nFeatures / 4)
        assert.equal(bins.length, n * packing.nColumns)
        assert.ok(bins.buffer instanceof SharedArrayBuffer)
        const whole = new Uint8Array(n * nFeatures)
        new Unpacker(packing).unpack(bins, 0, n, whole)
        assert.deepEqual(whole, expected.subarray(row * nFeatures, (row + n) * nFeatures))
        row += n
      }
      assert.equal(row, nRows)
    }
    const hashes = new Set<string>()
    for (const threads of [1, 2]) {
      const pool = new ThreadPool(threads)
      const loader = openPartitionLoader([source], pool)
      const [partition] = await loader.encode(recipe, [0])
      await loader.close()
      await pool.close()
      requirePacked(partition!.blocks)
      hashes.add(partition!.hash)
      const { data } = await loadDataset({
        label: 'label', inputs: path, threads, inlineBytesMax: 0,
      })
      assert.equal(data.features.length, nGroups * nLevels + 1)
      requirePacked(data.blocks)
      assert.deepEqual(data.label, partition!.label)
    }
    assert.equal(hashes.size, 1)
  })

  it('hashes every row and every feature of what is packed', async () => {
    const bins = Uint8Array.of(0, 1, 2, 0)
    const packing = {
      nColumns: 1, columnOf: Int32Array.of(0, 0), defaultBin: Int16Array.of(0, 0),
      base: Uint8Array.of(1, 2), nBins: Uint16Array.of(2, 2),
    }
    const targets = {
      firstRow: 0, blocks: null, label: null, weight: null, initScore: null, shownAt: null,
    }
    const hashOf = (block: Partial<BinnedBlock>): string => digestRows(targets,
      { blocks: [{ firstRow: 0, nRows: 4, bins, packing, ...block }], groupSizes: null })
    const hashes = [
      hashOf({}), hashOf({ bins: Uint8Array.of(0, 1, 2, 1) }),
      hashOf({ packing: { ...packing, columnOf: Int32Array.of(0, 1) } }),
      hashOf({ packing: { ...packing, defaultBin: Int16Array.of(1, 0) } }),
      hashOf({ packing: { ...packing, base: Uint8Array.of(2, 1) } }),
      hashOf({ packing: { ...packing, nBins: Uint16Array.of(2, 3) } }),
    ]
    assert.equal(new Set(hashes).size, hashes.length)
    assert.equal(hashOf({}), hashes[0])
  })

  it('refuses what does not get small enough', async () => {
    const path = temp('dense.csv')
    const nFeatures = 150
    const header = Array.from({ length: nFeatures }, (_, f) => `x${f}`).join()
    const line = (row: number): string =>
      Array.from({ length: nFeatures }, (_, f) => (row * 31 + f * 17) % 97).join()
    const lines = Array.from({ length: 30_000 }, (_, row) => `${row % 2},${line(row)}`)
    writeFileSync(path, `y,${header}\n${lines.join('\n')}\n`)
    const load = (maxMemoryMb: number) => loadDataset({
      label: 'y', inputs: path, threads: 1,
      params: { ...defaultBinning, binConstructSampleCnt: 100, maxMemoryMb },
    })
    const { data } = await load(2000)
    assert.ok(data.blocks.every(({ packing }) => packing === undefined))
    const refusal = async (maxMemoryMb: number): Promise<string> => {
      const error: CoppiceError =
        await load(maxMemoryMb).then(() => assert.fail('it fits'), (reason) => reason)
      assert.equal(error.code, 'MEMORY')
      return error.message
    }
    // before anything is read: the least that it could take
    const early = await refusal(10)
    assert.match(early, /binned rows 1 MB/)
    const least = Number(/needs about (\d+) MB/.exec(early)![1])
    // after the first unit: what it takes
    assert.match(await refusal(least + 1), /binned rows 5 MB/)
  })
})
