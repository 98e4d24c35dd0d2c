import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { CoppiceError } from '@coppice/model'
import { errorText } from './error-text.js'
import { unreadable, warnIfPublic } from './token.js'

/** The files behind `--tls-cert` and `--tls-key`, both PEM. */
export interface TlsFiles {
  /** The server's own certificate first, then those between it and the authority. */
  readonly certFile: string
  readonly keyFile: string
}

const dayMs = 86_400_000

/**
 * Reads what a TLS server needs.
 *
 * Throws CoppiceError 'PARAMETER' naming a file that cannot be read, for one that holds
 * something else, for a key that belongs to another certificate, and for a certificate that is
 * not valid at `now` (milliseconds). `warn` hears of one that soon expires and of a key that
 * everybody can read.
 */
export async function readServerTls(
  files: TlsFiles,
  now: number,
  warn: (message: string) => void,
): Promise<{ cert: Buffer, key: Buffer }> {
  const cert = await readPem(files.certFile, '--tls-cert')
  const key = await readPem(files.keyFile, '--tls-key')
  warnIfPublic(files.keyFile, (await stat(files.keyFile)).mode, 'key', warn)
  const certificate = parse(() => new X509Certificate(cert), files.certFile,
    'no PEM certificate ("-----BEGIN CERTIFICATE-----")', '--tls-cert')
  const privateKey: KeyObject = parse(() => createPrivateKey(key), files.keyFile,
    'no PEM private key without a passphrase ("-----BEGIN PRIVATE KEY-----")', '--tls-key')
  checkDates(certificate, files.certFile, now, warn)
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new CoppiceError('PARAMETER', `the key in ${files.keyFile} does not belong to the first `
      + `certificate in ${files.certFile} (${oneLine(certificate.subject)}); give the pair that `
      + 'was made together, the server\'s own certificate first')
  }
  return { cert, key }
}

/** The authorities that a client trusts instead of the usual ones. Errors as in readServerTls. */
export async function readCa(caFile: string): Promise<Buffer> {
  const ca = await readPem(caFile, '--ca-file')
  parse(() => new X509Certificate(ca), caFile,
    'no PEM certificate ("-----BEGIN CERTIFICATE-----")', '--ca-file')
  return ca
}

function checkDates(
  certificate: X509Certificate,
  path: string,
  now: number,
  warn: (message: string) => void,
): void {
  const from = Date.parse(certificate.validFrom)
  const to = Date.parse(certificate.validTo)
  if (to < now) {
    throw new CoppiceError('PARAMETER', `the certificate in ${path} expired on ${day(to)} `
      + `(today is ${day(now)}): every client would refuse it; renew it and start again`)
  }
  if (from > now) {
    throw new CoppiceError('PARAMETER', `the certificate in ${path} is valid only from ${day(from)}`
      + ` on (today is ${day(now)}); correct the clock of this machine or renew the certificate`)
  }
  if (to - now < 14 * dayMs) warn(`the certificate in ${path} expires on ${day(to)}; renew it`)
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

function oneLine(subject: string): string {
  return subject.replaceAll('\n', ', ')
}

async function readPem(path: string, flag: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw unreadable(`cannot read ${path} (${flag})`, error)
  }
}

function parse<T>(read: () => T, path: string, what: string, flag: string): T {
  try {
    return read()
  } catch (error) {
    throw new CoppiceError('PARAMETER', `${path} (${flag}) holds ${what}: ${errorText(error)}`,
      { cause: error })
  }
}
