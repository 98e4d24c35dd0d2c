import { stat } from 'node:fs/promises'
import { isLocalUri, localPath } from './uri.js'

/** A file that is known to have a length, or was when it was looked at. */
export interface MeasuredFile {
  /** Its path or uri. */
  readonly uri: string
  readonly byteLength: number
}

/** A file that has another length here. */
export interface OtherLength {
  readonly path: string
  /** What it has here, in bytes. */
  readonly found: number
  /** What it had where it was measured, in bytes. */
  readonly expected: number
  /** Its index among the files asked for. */
  readonly index: number
}

/** Files that are looked at at a time. */
const nLooks = 16

/**
 * The first of these files, in order, that has another length on this machine, or null. Files
 * elsewhere are the same for every machine, and those that are not here are found missing by
 * whoever reads them: neither is looked at.
 *
 * Rejects with CoppiceError 'IO' for uris of kinds that are not read.
 */
export async function findOtherLength(
  files: readonly MeasuredFile[],
): Promise<OtherLength | null> {
  for (let first = 0; first < files.length; first += nLooks) {
    const looks = files.slice(first, first + nLooks).map(({ uri, byteLength }, i) =>
      lookAt(uri, byteLength, first + i))
    const other = (await Promise.all(looks)).find((look) => look !== null)
    if (other !== undefined) return other
  }
  return null
}

async function lookAt(uri: string, expected: number, index: number): Promise<OtherLength | null> {
  if (!isLocalUri(uri)) return null
  const path = localPath(uri)
  const found = await stat(path).then(({ size }) => size, () => expected)
  return found === expected ? null : { path, found, expected, index }
}
