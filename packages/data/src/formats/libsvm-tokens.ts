/** The tokens of a LibSVM line: `label qid:q index:value index:value ... # comment`. */

/** `TokenCursor.index` of what is not a feature. */
export const Token = { label: -1, qid: -2 } as const

const COLON = 58
const HASH = 35

/** Walks over the tokens of one line after another; no object per token. */
export class TokenCursor {
  /** Feature index, or one of `Token`; a token without `:` is a label. */
  index = 0
  /** First byte of the token. */
  tokenStart = 0
  /** The value (behind the colon): bytes [start, end). */
  start = 0
  end = 0
  private p = 0
  private lineEnd = 0

  constructor(private readonly bytes: Uint8Array) {}

  /** Goes to the line in bytes [start, end), without its line end. */
  open(start: number, end: number): void {
    this.p = start
    this.lineEnd = end
  }

  /** Goes to the next token; false at the end of the line and at a comment. */
  next(): boolean {
    const { bytes, lineEnd } = this
    let p = this.p
    while (p < lineEnd && isBlankByte(bytes[p]!)) p++
    if (p >= lineEnd || bytes[p] === HASH) return false
    this.tokenStart = p
    let index = 0
    // Clamped beyond any legal index, so that long digit strings stay exact enough.
    for (; p < lineEnd && bytes[p]! >= 48 && bytes[p]! <= 57; p++) {
      index = Math.min(0xffff_ffff, index * 10 + bytes[p]! - 48)
    }
    if (p < lineEnd && bytes[p] === COLON && p > this.tokenStart) {
      this.index = index
      p++
    } else if (isQid(bytes, this.tokenStart, lineEnd)) {
      this.index = Token.qid
      p = this.tokenStart + 4
    } else {
      this.index = Token.label
      p = this.tokenStart
    }
    this.start = p
    while (p < lineEnd && !isBlankByte(bytes[p]!) && bytes[p] !== HASH) p++
    this.end = p
    this.p = p
    return true
  }
}

/** Where the line that begins at `start` ends: at its `\n` or `\r`, or at the end of the bytes. */
export function findLineEnd(bytes: Uint8Array, start: number): number {
  let p = start
  while (p < bytes.length && bytes[p] !== 10 && bytes[p] !== 13) p++
  return p
}

/** Where the line after the one that ends at `end` begins. */
export function skipLineEnd(bytes: Uint8Array, end: number): number {
  if (bytes[end] === 13 && bytes[end + 1] === 10) return end + 2
  return Math.min(end + 1, bytes.length)
}

function isQid(bytes: Uint8Array, p: number, end: number): boolean {
  return (
    p + 4 <= end &&
    bytes[p] === 113 &&
    bytes[p + 1] === 105 &&
    bytes[p + 2] === 100 &&
    bytes[p + 3] === COLON
  )
}

function isBlankByte(byte: number): boolean {
  return byte === 32 || byte === 9
}
