import { CoppiceError } from '@coppice/model'
import type { Format } from './reader.js'

/** One partition of a data set, as a manifest file names it. */
export interface ManifestPartition {
  /** Where to fetch it; relative ones are relative to the manifest's folder. */
  readonly uri: string
  readonly format: Format
  readonly rows: number
  /** SHA-256 of the file's bytes in lower-case hex. */
  readonly hash: string
}

/** An ordered list of partitions: the identity of a data set (architecture.md, rule 1). */
export interface Manifest {
  readonly format: 'coppice-manifest'
  readonly version: 1
  readonly partitions: readonly ManifestPartition[]
}

export const formats: readonly Format[] =
  ['parquet', 'arrow', 'csv', 'tsv', 'libsvm', 'npy', 'csr']

const partitionKeys = ['uri', 'format', 'rows', 'hash']
const manifestKeys = ['format', 'version', 'partitions']

/** The JSON text of a manifest; equal manifests give equal bytes. */
export function formatManifest(partitions: readonly ManifestPartition[]): string {
  const manifest: Manifest = {
    format: 'coppice-manifest',
    version: 1,
    partitions: partitions.map(({ uri, format, rows, hash }) => ({ uri, format, rows, hash })),
  }
  return JSON.stringify(manifest, null, 2) + '\n'
}

/**
 * Parses and checks a manifest.
 *
 * Throws CoppiceError 'DATA' that names the place in the file for any text that is not one.
 *
 * @param name - path or URL for error messages
 */
export function parseManifest(text: string, name: string): Manifest {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    throw invalid(name, `is not JSON (${cause})`)
  }
  const manifest = asObject(json, name, 'it')
  if (manifest['format'] !== 'coppice-manifest') {
    throw invalid(name, `must have format 'coppice-manifest', got ${show(manifest['format'])}`)
  }
  if (manifest['version'] !== 1) {
    throw invalid(name, `has version ${show(manifest['version'])}; this release reads version 1`)
  }
  refuseUnknown(manifest, manifestKeys, name, 'it')
  const { partitions } = manifest
  if (!Array.isArray(partitions) || partitions.length === 0) {
    throw invalid(name, 'must have a non-empty array of partitions')
  }
  const seen = new Map<string, number>()
  const checked = partitions.map((partition, index) => {
    const valid = checkPartition(partition, name, index)
    const twin = seen.get(valid.uri)
    if (twin !== undefined) {
      throw invalid(name, `names '${valid.uri}' twice, in partitions ${twin} and ${index}`)
    }
    seen.set(valid.uri, index)
    return valid
  })
  return { format: 'coppice-manifest', version: 1, partitions: checked }
}

function checkPartition(value: unknown, name: string, index: number): ManifestPartition {
  const place = `partition ${index}`
  const partition = asObject(value, name, place)
  refuseUnknown(partition, partitionKeys, name, place)
  const { uri, format, rows, hash } = partition
  if (typeof uri !== 'string' || uri === '' || uri.includes('\0')) {
    throw invalid(name, `${place}: uri must be a path, got ${show(uri)}`)
  }
  if (!formats.includes(format as Format)) {
    throw invalid(
      name,
      `${place}: format must be one of ${formats.join(', ')}, got ${show(format)}`,
    )
  }
  if (!Number.isSafeInteger(rows) || (rows as number) < 0) {
    throw invalid(name, `${place}: rows must be an integer >= 0, got ${show(rows)}`)
  }
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) {
    throw invalid(name, `${place}: hash must be 64 lower-case hex digits, got ${show(hash)}`)
  }
  return { uri, format: format as Format, rows: rows as number, hash }
}

function asObject(value: unknown, name: string, place: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw invalid(name, `${place} must be an object, got ${show(value)}`)
}

function refuseUnknown(
  object: Record<string, unknown>,
  known: readonly string[],
  name: string,
  place: string,
): void {
  const unknown = Object.keys(object).find((key) => !known.includes(key))
  if (unknown === undefined) return
  throw invalid(name, `${place} has the unknown key '${unknown}'; known: ${known.join(', ')}`)
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

function invalid(name: string, what: string): CoppiceError {
  return new CoppiceError(
    'DATA',
    `the manifest ${name} ${what}; \`coppice partition\` writes manifests`,
  )
}
