/** Files in S3 and what speaks its protocol, through AWS's own client, which is optional. */
import { CoppiceError } from '@coppice/model'
import type { FileSource } from './file-source.js'
import { PAGE_BYTES, type RangeReader, remoteSource } from './remote-source.js'
import { PassingError, withRetries } from './retry.js'
import { parseS3 } from './uri.js'

/** The part of @aws-sdk/client-s3 that is used. */
interface S3Module {
  readonly S3Client: new (config: object) => S3Client
  readonly GetObjectCommand: new (input: object) => object
  readonly HeadObjectCommand: new (input: object) => object
  readonly ListObjectsV2Command: new (input: object) => object
}

interface S3Client {
  send(command: object): Promise<unknown>
}

interface S3Object {
  readonly Body?: { transformToByteArray(): Promise<Uint8Array> }
  readonly ContentRange?: string
  readonly ContentLength?: number
  readonly ETag?: string
}

interface S3Listing {
  readonly Contents?: readonly { readonly Key?: string; readonly Size?: number }[]
  readonly NextContinuationToken?: string
}

interface S3Access {
  readonly sdk: S3Module
  readonly client: S3Client
}

/** A variable, so that compilers and bundlers leave the optional package alone. */
const sdkName: string = '@aws-sdk/client-s3'

let access: Promise<S3Access> | null = null

/** One client for this thread: it holds connections and credentials. */
function openAccess(uri: string): Promise<S3Access> {
  access ??= connect(uri)
  access.catch(() => (access = null))
  return access
}

async function connect(uri: string): Promise<S3Access> {
  let sdk: S3Module
  try {
    sdk = (await import(sdkName)) as S3Module
  } catch (error) {
    const isMissing = (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND'
    const why = isMissing ? `is not installed; install it with: npm install ${sdkName}`
      : `cannot be loaded: ${(error as Error).message}`
    throw s3Error(uri, `S3 needs the package ${sdkName}, which ${why}`, error)
  }
  const { env } = process
  const endpoint = env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL']
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION']
  const client = new sdk.S3Client({
    maxAttempts: 6,
    followRegionRedirects: true,
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 30_000 },
    // Servers other than AWS have no host names for buckets, and take any region.
    ...(endpoint === undefined ? {} : { forcePathStyle: true, region: region ?? 'us-east-1' }),
    ...(region === undefined ? {} : { region }),
  })
  return { sdk, client }
}

/**
 * Opens an object of S3. Credentials, region and endpoint are found as AWS's tools find them
 * (AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL_S3, roles of the machine).
 *
 * Rejects with CoppiceError 'IO' naming the uri.
 *
 * @param keep - puts something between the source and its reads that may have what they fetch, if
 *   it is of the same state: that is asked for first, and no bytes
 */
export async function openS3Source(
  uri: string,
  keep?: (reader: RangeReader) => RangeReader,
): Promise<FileSource> {
  const { bucket, key } = parseS3(uri)
  if (key === '' || key.endsWith('/')) throw s3Error(uri, 'it names no object')
  const s3 = await openAccess(uri)
  const where = { Bucket: bucket, Key: key }
  const known = keep === undefined ? null : await look(uri, s3, where)
  if (known !== null) {
    const reader = new S3Reader(uri, s3, { ...where, IfMatch: known.etag }, known)
    return remoteSource(keep!(reader), known.bytes)
  }
  try {
    return await withRetries(nAttempts, retryMs, async () => {
      const first = await get(s3, { ...where, Range: `bytes=0-${PAGE_BYTES - 1}` })
      const reader = new S3Reader(uri, s3, { ...where, IfMatch: first.etag }, first)
      return remoteSource(keep?.(reader) ?? reader, first.bytes)
    })
  } catch (error) {
    // An object without bytes has no range.
    if (statusOf(error) !== 416) throw explain(uri, error)
    const nothing = { bytes: new Uint8Array(0), byteLength: 0, etag: undefined }
    return remoteSource(new S3Reader(uri, s3, where, nothing), nothing.bytes)
  }
}

/** Times that a request is tried whose answer breaks off; the client repeats the others. */
const nAttempts = 4
const retryMs = 200

/** Some bytes of an object, and of which state of it. */
interface Part {
  readonly bytes: Uint8Array
  readonly byteLength: number
  readonly etag: string | undefined
}

class S3Reader implements RangeReader {
  readonly name: string
  readonly byteLength: number
  readonly validator: string | null
  readonly #s3: S3Access
  readonly #where: object
  readonly #etag: string | undefined

  constructor(uri: string, s3: S3Access, where: object, { byteLength, etag }: Part) {
    this.name = uri
    this.byteLength = byteLength
    this.validator = etag ?? null
    this.#s3 = s3
    this.#where = where
    this.#etag = etag
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    try {
      return await withRetries(nAttempts, retryMs, async () => {
        const range = `bytes=${start}-${end - 1}`
        const part = await get(this.#s3, { ...this.#where, Range: range })
        const { bytes, byteLength, etag } = part
        // Not all servers look at IfMatch.
        if (etag !== this.#etag || byteLength !== this.byteLength) {
          throw s3Error(this.name, adviceOfName['PreconditionFailed']!)
        }
        if (bytes.length === end - start) return bytes
        throw new PassingError(`${bytes.length} of ${end - start} bytes came`)
      })
    } catch (error) {
      throw explain(this.name, error)
    }
  }
}

/**
 * What is told of an object, without any of its bytes; null where bytes have to be asked for: it
 * has none, or no tag, or the server does not tell, and says why when it is asked for some.
 */
async function look(uri: string, { sdk, client }: S3Access, where: object): Promise<Part | null> {
  try {
    const told = (await client.send(new sdk.HeadObjectCommand(where))) as S3Object
    const { ContentLength: byteLength = 0, ETag: etag } = told
    return byteLength === 0 || etag === undefined ? null
      : { bytes: new Uint8Array(0), byteLength, etag }
  } catch (error) {
    if (statusOf(error) === null) throw explain(uri, error)
    return null
  }
}

async function get({ sdk, client }: S3Access, input: object): Promise<Part> {
  const object = (await client.send(new sdk.GetObjectCommand(input))) as S3Object
  const { Body, ContentRange, ContentLength, ETag: etag } = object
  const total = /\/(\d+)$/.exec(ContentRange ?? '')?.[1]
  try {
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array(0)
    return { bytes, byteLength: Number(total ?? ContentLength), etag }
  } catch (error) {
    throw new PassingError('the connection broke', null, { cause: error })
  }
}

/** Whether there is such an object. Rejects with CoppiceError 'IO' when that cannot be told. */
export async function existsInS3(uri: string): Promise<boolean> {
  const { bucket, key } = parseS3(uri)
  const { sdk, client } = await openAccess(uri)
  try {
    await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }))
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    throw explain(uri, error)
  }
}

/** The uris of all objects whose key begins with that of `uri`; placeholders of folders not. */
export async function listS3(uri: string): Promise<string[]> {
  const { bucket, key } = parseS3(uri)
  const { sdk, client } = await openAccess(uri)
  const uris: string[] = []
  let token: string | undefined
  do {
    const input = { Bucket: bucket, Prefix: key, ContinuationToken: token }
    let listing: S3Listing
    try {
      listing = (await client.send(new sdk.ListObjectsV2Command(input))) as S3Listing
    } catch (error) {
      throw explain(uri, error)
    }
    for (const { Key } of listing.Contents ?? []) {
      if (Key !== undefined && !Key.endsWith('/')) uris.push(`s3://${bucket}/${Key}`)
    }
    token = listing.NextContinuationToken
  } while (token !== undefined)
  return uris
}

function statusOf(error: unknown): number | null {
  const status = (error as { $metadata?: { httpStatusCode?: unknown } } | null)?.$metadata
    ?.httpStatusCode
  return typeof status === 'number' ? status : null
}

const adviceOfName: Readonly<Record<string, string>> = {
  NoSuchKey: 'there is no such object; check the address',
  NotFound: 'there is no such object; check the address',
  NoSuchBucket: 'there is no such bucket; check the address',
  AccessDenied: 'access is denied; check the credentials and the policy of the bucket',
  Forbidden: 'access is denied; check the credentials and the policy of the bucket',
  CredentialsProviderError:
    'no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
  PreconditionFailed: 'it was changed while it was read; leave objects alone while they are loaded',
  ExpiredToken: 'the credentials have expired; get new ones',
}

function explain(uri: string, error: unknown): CoppiceError {
  if (error instanceof CoppiceError) return error
  const { name, message } = error as Error
  const status = statusOf(error)
  const known = status === 412 || status === 416 ? 'PreconditionFailed' : name
  const advice = message === 'Region is missing' ? 'no region is known; set AWS_REGION'
    : adviceOfName[known]
  return s3Error(uri, advice ?? message, error)
}

function s3Error(uri: string, what: string, cause?: unknown): CoppiceError {
  return new CoppiceError('IO', `cannot read ${uri}: ${what}`, { cause })
}
