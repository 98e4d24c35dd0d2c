import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** A certificate with its key, both PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface CertificateOptions {
  readonly subject: string
  /** DNS names and IPv4 addresses. */
  readonly hosts?: readonly string[]
  readonly from?: Date
  readonly to?: Date
}

/**
 * A little authority for tests. It writes X.509 (RFC 5280) itself: of the libraries that do, the
 * smallest brings twenty packages, and openssl is not on every machine.
 */
export class TestAuthority {
  readonly cert: string
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  readonly #name: string

  constructor(name = 'Coppice test authority') {
    this.#name = name
    this.cert = pem('CERTIFICATE', certificateOf({ subject: name }, this.#keys.publicKey,
      { name, key: this.#keys.privateKey }, true))
  }

  /** A certificate for a server, valid for a day unless said otherwise. */
  issue(options: CertificateOptions): Certificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const issuer = { name: this.#name, key: this.#keys.privateKey }
    return {
      cert: pem('CERTIFICATE', certificateOf(options, publicKey, issuer, false)),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    }
  }
}

const dayMs = 86_400_000
const ecdsaWithSha256 = sequence(objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))

function certificateOf(
  options: CertificateOptions,
  publicKey: KeyObject,
  issuer: { readonly name: string, readonly key: KeyObject },
  isAuthority: boolean,
): Buffer {
  const now = Date.now()
  const { from = new Date(now - dayMs), to = new Date(now + 30 * dayMs) } = options
  const serial = Buffer.concat([Buffer.of(1), randomBytes(8)])
  const extensions = [extension(0x13, sequence(isAuthority ? tlv(0x01, Buffer.of(0xff))
    : Buffer.alloc(0)))]
  if (options.hosts !== undefined) extensions.push(extension(0x11, hostNames(options.hosts)))
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.of(2))),
    tlv(0x02, serial),
    ecdsaWithSha256,
    nameOf(issuer.name),
    sequence(time(from), time(to)),
    nameOf(options.subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  )
  const signature = sign('sha256', body, issuer.key)
  return sequence(body, ecdsaWithSha256, tlv(0x03, Buffer.concat([Buffer.of(0), signature])))
}

/** Names by which clients may call the server: DNS is context tag 2, an address 7. */
function hostNames(hosts: readonly string[]): Buffer {
  return sequence(...hosts.map((host) => /^[\d.]+$/.test(host)
    ? tlv(0x87, Buffer.from(host.split('.').map(Number))) : tlv(0x82, Buffer.from(host))))
}

function extension(id: number, value: Buffer): Buffer {
  return sequence(objectId(0x55, 0x1d, id), tlv(0x04, value))
}

function nameOf(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(objectId(0x55, 0x04, 0x03),
    tlv(0x0c, Buffer.from(commonName)))))
}

function time(date: Date): Buffer {
  return tlv(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')))
}

function objectId(...bytes: number[]): Buffer {
  return tlv(0x06, Buffer.from(bytes))
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts))
}

/** DER: tag, length, value. */
function tlv(tag: number, value: Buffer): Buffer {
  const length = value.length < 0x80 ? Buffer.of(value.length)
    : Buffer.of(0x82, value.length >>> 8, value.length & 0xff)
  return Buffer.concat([Buffer.of(tag), length, value])
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g)!.join('\n')
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}
