/** SHA-256 (FIPS 180-4) over bytes, synchronous and without any platform API. */

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K = new Int32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
])

const BLOCK_BYTES = 64

/** A running hash. Feed it with `update` in pieces of any length, then call `digest` once. */
export class Sha256 {
  readonly #state = new Int32Array([
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  ])
  readonly #schedule = new Int32Array(64)
  /** Bytes that do not fill a block yet. */
  readonly #pending = new Uint8Array(BLOCK_BYTES)
  #nPending = 0
  #nBytes = 0

  /** Hashes more bytes; they are read, never kept. */
  update(bytes: Uint8Array): this {
    this.#nBytes += bytes.length
    let offset = 0
    if (this.#nPending > 0) {
      offset = Math.min(BLOCK_BYTES - this.#nPending, bytes.length)
      this.#pending.set(bytes.subarray(0, offset), this.#nPending)
      this.#nPending += offset
      if (this.#nPending < BLOCK_BYTES) return this
      this.#compress(this.#pending, 0)
      this.#nPending = 0
    }
    for (; offset + BLOCK_BYTES <= bytes.length; offset += BLOCK_BYTES) {
      this.#compress(bytes, offset)
    }
    this.#pending.set(bytes.subarray(offset))
    this.#nPending = bytes.length - offset
    return this
  }

  /** Pads, and returns the 32 bytes. The object cannot be used afterwards. */
  digest(): Uint8Array {
    this.update(paddingOf(this.#nBytes))
    const digest = new Uint8Array(32)
    const out = new DataView(digest.buffer)
    this.#state.forEach((word, i) => out.setInt32(4 * i, word))
    return digest
  }

  /** One round of 64 steps over the block at `offset`. */
  #compress(bytes: Uint8Array, offset: number): void {
    const w = this.#schedule
    for (let i = 0, at = offset; i < 16; i++, at += 4) {
      w[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    }
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15]!
      const y = w[i - 2]!
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
      w[i] = w[i - 16]! + s0 + w[i - 7]! + s1
    }
    const state = this.#state
    let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!
    let e = state[4]!, f = state[5]!, g = state[6]!, h = state[7]!
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g; g = f; f = e; e = (d + t1) | 0
      d = c; c = b; b = a; a = (t1 + t2) | 0
    }
    state[0]! += a; state[1]! += b; state[2]! += c; state[3]! += d
    state[4]! += e; state[5]! += f; state[6]! += g; state[7]! += h
  }
}

/** What follows a message of `nBytes`: 0x80, zeros to fill a block, its length in bits as u64. */
export function paddingOf(nBytes: number): Uint8Array {
  const filled = nBytes % BLOCK_BYTES
  const padding = new Uint8Array((filled < 56 ? 64 : 128) - filled)
  const view = new DataView(padding.buffer)
  padding[0] = 0x80
  view.setUint32(padding.length - 8, Math.floor(nBytes / 0x20000000))
  view.setUint32(padding.length - 4, (nBytes * 8) % 0x1_0000_0000)
  return padding
}

/** The SHA-256 of the bytes, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Sha256().update(bytes).digest()
}

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** The bytes of a hexadecimal text; the caller has checked its digits. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}
