import assert from 'node:assert/strict'
import { arrowReader } from '../../src/formats/arrow.js'
import { bufferSource, defaultTextOptions } from '../reader-contract.js'

/**
 * 30 rows written by pyarrow (feather.write_feather, compression 'zstd'): i int64 = 7 row - 3,
 * x double = row / 4, t text in turn ab, cde, f, b bool = row is even.
 */
const feather =
  'QVJST1cxAAD/////AAEAABAAAAAAAAoADAAGAAUACAAKAAAAAAEEAAwAAAAIAAgAAAAEAAgAAAAEAAAABAAAAJgAAABY' +
  'AAAALAAAAAQAAACI////AAABBhAAAAAUAAAABAAAAAAAAAABAAAAYgAAANz///+s////AAABFBAAAAAYAAAABAAAAAAA' +
  'AAABAAAAdAAAAAQABAAEAAAA1P///wAAAQMQAAAAGAAAAAQAAAAAAAAAAQAAAHgABgAIAAYABgAAAAAAAgAQABQACAAG' +
  'AAcADAAAABAAEAAAAAAAAQIQAAAAHAAAAAQAAAAAAAAAAQAAAGkAAAAIAAwACAAHAAgAAAAAAAABQAAAAAAAAAD/////' +
  'QAEAABQAAAAAAAAADAAYAAYABQAIAAwADAAAAAADBAAcAAAASAEAAAAAAAAAAAAADAAeABAABAAIAAwADAAAAMAAAAAk' +
  'AAAAGAAAAB4AAAAAAAAAAAAAAAAABgAIAAcABgAAAAAAAAEJAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAUAAAAAAA' +
  'AABQAAAAAAAAAAAAAAAAAAAAUAAAAAAAAABzAAAAAAAAAMgAAAAAAAAAAAAAAAAAAADIAAAAAAAAAEUAAAAAAAAAEAEA' +
  'AAAAAAAdAAAAAAAAADABAAAAAAAAAAAAAAAAAAAwAQAAAAAAABUAAAAAAAAAAAAAAAQAAAAeAAAAAAAAAAAAAAAAAAAA' +
  'HgAAAAAAAAAAAAAAAAAAAB4AAAAAAAAAAAAAAAAAAAAeAAAAAAAAAAAAAAAAAAAA8AAAAAAAAAAotS/9IPD9AQAihA0Z' +
  'sGsOLUnMCDpzvzuCztzvjqAz97sj6PqSAv+tNou9WqvUqTQKfTqbzKUyiTwai8ShMAh8HRcdVAIAAwHwAAAAAAAAACi1' +
  'L/0g8BUDAKQCAADQPwDg6PD0+PwAQAIEBggKDA4QERITFBUWFxgZGhscQAAAAAAAAB1AHAAgC8gHMgNZQD6QGcgC8oHM' +
  'QBaQD2QGsoB8IDOQBeQDmYEswECQGcgC8oHMQJaVvKAdHMACAAAAAAD4AAAAAAAAACi1L/0g+KUBAELECg4QnzntI2Mr' +
  '1FH0glzOFP+tNou9WqvUqTQKfTqbzKUyiTwai8ShMAh83QEeVAIAAwEAAAA8AAAAAAAAACi1L/0gPGUAADBhYmNkZWYB' +
  'AMtZigAAAAQAAAAAAAAAKLUv/SAEIQAAVVVVFQAAAP////8AAAAAEAAAAAwAFAAGAAgADAAQAAwAAAAAAAQAOAAAACgA' +
  'AAAEAAAAAQAAABABAAAAAAAASAEAAAAAAABIAQAAAAAAAAAAAAAAAAAACAAIAAAABAAIAAAABAAAAAQAAACYAAAAWAAA' +
  'ACwAAAAEAAAAiP///wAAAQYQAAAAFAAAAAQAAAAAAAAAAQAAAGIAAADc////rP///wAAARQQAAAAGAAAAAQAAAAAAAAA' +
  'AQAAAHQAAAAEAAQABAAAANT///8AAAEDEAAAABgAAAAEAAAAAAAAAAEAAAB4AAYACAAGAAYAAAAAAAIAEAAUAAgABgAH' +
  'AAwAAAAQABAAAAAAAAECEAAAABwAAAAEAAAAAAAAAAEAAABpAAAACAAMAAgABwAIAAAAAAAAAUAAAAAoAQAAQVJST1cx'

describe('Feather with ZSTD', () => {
  it('gives the values that were written', async () => {
    const source = bufferSource('z.feather', new Uint8Array(Buffer.from(feather, 'base64')))
    const plan = await arrowReader.plan(source, defaultTextOptions)
    const [unit] = plan.units
    const types = [null, null, null, null]
    const chunks = await arrowReader.read(
      source, plan, unit!, [0, 1, 2, 3], types, defaultTextOptions,
    )
    const rows = Array.from({ length: 30 }, (_, row) => row)
    const cells = chunks.map((chunk) => chunk.type === 'string'
      ? Array.from(chunk.codes, (code) => chunk.dictionary[code])
      : [...chunk.values])
    assert.deepEqual(cells, [
      rows.map((row) => 7 * row - 3),
      rows.map((row) => row / 4),
      rows.map((row) => ['ab', 'cde', 'f'][row % 3]),
      rows.map((row) => Number(row % 2 === 0)),
    ])
  })
})
