/** Tells the format of a file from its first bytes and its name. */

import { CoppiceError } from '@coppice/model'
import { dataExtensions, formatOfName } from '../input-format.js'
import type { Format } from '../reader.js'
import { CSR_MAGIC } from './csr-layout.js'

/** With fewer first bytes than this, the text of a file without a known ending is a guess. */
export const DETECT_BYTES = 4096

const magics: readonly { readonly bytes: readonly number[]; readonly format: Format }[] = [
  { bytes: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], format: 'npy' },
  { bytes: CSR_MAGIC, format: 'csr' },
  { bytes: [0x50, 0x41, 0x52, 0x31], format: 'parquet' },
  { bytes: [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31], format: 'arrow' },
  // An Arrow stream: the continuation marker before the length of the schema message.
  { bytes: [0xff, 0xff, 0xff, 0xff], format: 'arrow' },
]

const refused: readonly { readonly bytes: readonly number[]; readonly what: string }[] = [
  { bytes: [0x1f, 0x8b], what: 'compressed with gzip; decompress it first (gunzip)' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: 'compressed with Zstandard; decompress it first' },
  { bytes: [0x42, 0x5a, 0x68], what: 'compressed with bzip2; decompress it first (bunzip2)' },
  { bytes: [0x50, 0x4b, 0x03, 0x04], what: 'a ZIP archive (.zip, .npz, .xlsx); unpack it first' },
  { bytes: [0x46, 0x45, 0x41, 0x31], what: 'Feather version 1; save it as version 2 or Parquet' },
  { bytes: [0x50, 0x41, 0x52, 0x45], what: 'an encrypted Parquet file; decrypt it first' },
]

/** Endings of text whose format only its content tells (LightGBM's examples use these). */
const textEnding = /\.(txt|data|dat|train|test|valid|val|part)$/i

/**
 * The format of a file. What its first bytes say goes before what its name says, unless they are
 * text that merely begins like a magic. Text of an ending such as .txt, or of none, is looked
 * into: `index:value` on its first line means LibSVM, a tab TSV, anything else CSV.
 *
 * @param firstBytes - the first `DETECT_BYTES` bytes, or all of a shorter file
 * @throws CoppiceError 'DATA' when neither tells, naming what is legal
 */
export function detectFormat(name: string, firstBytes: Uint8Array): Format {
  const byName = formatOfName(name)
  const isPlainText = isText(firstBytes)
  const isTextFormat = byName === 'csv' || byName === 'tsv' || byName === 'libsvm'
  if (!(isTextFormat && isPlainText)) {
    const magic = magics.find(({ bytes }) => beginsWith(firstBytes, bytes))
    if (magic !== undefined) return magic.format
    const refusal = refused.find(({ bytes }) => beginsWith(firstBytes, bytes))
    if (refusal !== undefined) throw new CoppiceError('DATA', `${name} is ${refusal.what}`)
  }
  if (byName !== null) return byName
  const hasNoEnding = !/\.[^./\\]+$/.test(name)
  if ((textEnding.test(name) || hasNoEnding) && isPlainText) return formatOfText(firstBytes)
  throw new CoppiceError(
    'DATA',
    `cannot tell the format of ${name} from its name or its first bytes; legal endings are ` +
      `${dataExtensions.map((extension) => `.${extension}`).join(', ')} and .txt; rename it or ` +
      'give its format',
  )
}

function formatOfText(bytes: Uint8Array): Format {
  const lines = new TextDecoder().decode(bytes).split(/[\r\n]+/)
  const line = lines.find((text) => text.trim() !== '' && !text.startsWith('#')) ?? ''
  if (/(^|[ \t])(qid|\d+):[^ \t:]+([ \t]|$)/.test(line) && !line.includes(',')) return 'libsvm'
  return line.includes('\t') ? 'tsv' : 'csv'
}

/** No control bytes but tabs and line ends. */
function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13)
}

function beginsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, i) => bytes[i] === byte)
}
