import assert from 'node:assert/strict'
import { detectFormat } from '../../src/formats/detect.js'

const encode = (text: string) => new TextEncoder().encode(text)

describe('detectFormat', () => {
  it('goes by the magic, whatever the name says', () => {
    assert.equal(detectFormat('x.csv', Uint8Array.of(0x50, 0x41, 0x52, 0x31, 0x15, 0)), 'parquet')
    assert.equal(detectFormat('part-0', Uint8Array.of(0x50, 0x41, 0x52, 0x31, 0x15)), 'parquet')
    assert.equal(detectFormat('x', Uint8Array.of(...encode('ARROW1'), 0, 0)), 'arrow')
    assert.equal(detectFormat('x.bin', Uint8Array.of(255, 255, 255, 255, 16, 0, 0, 0)), 'arrow')
    assert.equal(detectFormat('x.txt', Uint8Array.of(0x93, ...encode('NUMPY'), 1, 0)), 'npy')
  })

  it('takes text that begins like a magic for the text it is', () => {
    assert.equal(detectFormat('x.csv', encode('PAR1,PAR2\n1,2\n')), 'csv')
    assert.equal(detectFormat('x.tsv', encode('ARROW1\tb\n1\t2\n')), 'tsv')
  })

  it('goes by the ending where there is no magic', () => {
    const endings = {
      csv: ['csv', 'CSV'],
      tsv: ['tsv'],
      libsvm: ['svm', 'libsvm'],
      npy: ['npy'],
      parquet: ['parquet'],
      arrow: ['arrow', 'feather', 'arrows', 'ipc'],
    }
    for (const [format, names] of Object.entries(endings)) {
      for (const ending of names) {
        assert.equal(detectFormat(`a.b/x.${ending}`, encode('1 ')), format)
      }
    }
  })

  it('looks into text of no particular ending', () => {
    assert.equal(detectFormat('x.txt', encode('1 0:3 5:2.5\n')), 'libsvm')
    assert.equal(detectFormat('rank.train', encode('# c\n\n2 qid:1 3:1\n')), 'libsvm')
    assert.equal(detectFormat('binary.train', encode('1\t0.5\t2\n')), 'tsv')
    assert.equal(detectFormat('x.txt', encode('t,u\n12:30,1 5:6 7\n')), 'csv')
    assert.equal(detectFormat('dir.d/data', encode('a\n1\n')), 'csv')
  })

  it('refuses what it cannot read and says what to do', () => {
    const refuses = (name: string, bytes: Uint8Array, message: RegExp) =>
      assert.throws(() => detectFormat(name, bytes), { code: 'DATA', message })
    refuses('x.csv.gz', Uint8Array.of(0x1f, 0x8b, 8, 0), /x\.csv\.gz is compressed with gzip/)
    refuses('x.npz', Uint8Array.of(0x50, 0x4b, 3, 4), /x\.npz is a ZIP archive .* unpack/)
    refuses('x.feather', encode('FEA1\0\0'), /Feather version 1; save it as version 2/)
    refuses('x.json', encode('{}'), /format of x\.json .* \.parquet, .* rename/)
    refuses('x', Uint8Array.of(1, 2, 3, 0), /cannot tell the format of x /)
  })
})
