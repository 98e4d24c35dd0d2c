import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CoppiceError } from '@coppice/model'
import { formatManifest, type ManifestPartition, parseManifest } from '../src/manifest.js'

const partition: ManifestPartition = {
  uri: 'part-000.parquet',
  format: 'parquet',
  rows: 12,
  hash: 'ab'.repeat(32),
}

describe('parseManifest', () => {
  it('gives back what formatManifest wrote', () => {
    const partitions = [
      partition,
      { ...partition, uri: 'b/ü.csv', format: 'csv' as const, rows: 0 },
    ]
    const parsed = parseManifest(formatManifest(partitions), 'm.json')
    assert.deepEqual(parsed.partitions, partitions)
  })

  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['no object', [], /it must be an object/],
    ['null', null, /it must be an object, got null/],
    [
      'another format',
      { format: 'x', version: 1, partitions: [partition] },
      /format 'coppice-manifest'/,
    ],
    [
      'another version',
      manifest([partition], { version: 2 }),
      /version 2; this release reads version 1/,
    ],
    ['an unknown key', manifest([partition], { extra: 1 }), /unknown key 'extra'/],
    ['no partitions', manifest([]), /non-empty array/],
    ['partitions that are no array', manifest({ length: 1 }), /non-empty array/],
    ['no uri', manifest([{ ...partition, uri: '' }]), /partition 0: uri .* got ""/],
    ['a zero byte in the uri', manifest([{ ...partition, uri: 'a\0b' }]), /uri must be a path/],
    [
      'an unknown format',
      manifest([{ ...partition, format: 'toString' }]),
      /format must be one of/,
    ],
    [
      'negative rows',
      manifest([{ ...partition, rows: -1 }]),
      /rows must be an integer >= 0, got -1/,
    ],
    ['rows beyond 2^53', manifest([{ ...partition, rows: 1e300 }]), /rows must be an integer/],
    ['a short hash', manifest([{ ...partition, hash: 'ab' }]), /64 lower-case hex digits/],
    ['an upper-case hash', manifest([{ ...partition, hash: 'AB'.repeat(32) }]), /lower-case/],
    [
      'an unknown key of a partition',
      manifest([{ ...partition, size: 1 }]),
      /partition 0 .*'size'/,
    ],
    ['a partition twice', manifest([partition, partition]), /twice, in partitions 0 and 1/],
  ]
  for (const [what, json, message] of wrong) {
    it(`refuses ${what}, naming the file`, () => {
      assert.throws(
        () => parseManifest(JSON.stringify(json), 'm.json'),
        (error: CoppiceError) => {
          assert.equal(error.code, 'DATA')
          assert.match(error.message, message)
          assert.match(error.message, /m\.json/)
          return true
        },
      )
    })
  }

  it('ends in a manifest or a CoppiceError for any text', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"format":${json}}`),
    )
    fc.assert(
      fc.property(text, (hostile) => {
        try {
          parseManifest(hostile, 'm.json')
        } catch (error) {
          assert.ok(error instanceof CoppiceError)
        }
      }),
      { seed: 7, numRuns: 500 },
    )
  })
})

function manifest(partitions: unknown, more: object = {}): unknown {
  return { format: 'coppice-manifest', version: 1, partitions, ...more }
}
