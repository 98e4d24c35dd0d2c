import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { inspect } from 'node:util'
import { ioError } from '@coppice/data/node'
import { CoppiceError } from '@coppice/model'

const charactersMin = 16
const charactersMax = 1024

/** The secret that both ends share. Printing one shows where it is from, never what it is. */
export class Token {
  /** The file, for messages. */
  readonly source: string
  readonly #value: string
  readonly #digest: Buffer

  /**
   * Throws CoppiceError 'PARAMETER' for a token that is too short to resist guessing or that
   * would not survive in a header. Messages name `source` and not the token.
   */
  constructor(value: string, source: string) {
    const refuse = (why: string): never => {
      throw new CoppiceError('PARAMETER', `the token in ${source} ${why}; write one line of `
        + `${charactersMin} or more letters and digits, such as \`openssl rand -hex 32\` prints`)
    }
    if (value === '') refuse('is empty')
    if (!/^[\x21-\x7e]+$/.test(value)) {
      refuse('holds spaces, line breaks or characters outside ASCII')
    }
    if (value.length < charactersMin) refuse(`has only ${value.length} characters`)
    if (value.length > charactersMax) {
      refuse(`has ${value.length} characters, more than ${charactersMax}`)
    }
    this.source = source
    this.#value = value
    this.#digest = digestOf(value)
  }

  /** The value of an `Authorization` header. */
  get header(): string {
    return `Bearer ${this.#value}`
  }

  /**
   * Compares in a time that does not depend on where the two differ: digests, which an attacker
   * cannot steer byte by byte, and all of their bytes.
   */
  equals(presented: string): boolean {
    return timingSafeEqual(digestOf(presented), this.#digest)
  }

  toString(): string {
    return `Token(${this.source})`
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return this.toString()
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** The token of an `Authorization: Bearer` header, or null where there is none. */
export function bearerOf(authorization: string | undefined): string | null {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1] ?? null
}

/**
 * Reads a token from a file; line breaks at its end are not part of it.
 *
 * `warn` hears of a file that everybody on the machine can read. Throws CoppiceError 'PARAMETER'
 * naming a file that cannot be read, or for a bad token.
 */
export async function readToken(path: string, warn: (message: string) => void): Promise<Token> {
  let text: string
  let mode: number
  try {
    text = await readFile(path, 'utf8')
    mode = (await stat(path)).mode
  } catch (error) {
    throw unreadable(`cannot read the token file ${path}`, error)
  }
  warnIfPublic(path, mode, 'token', warn)
  return new Token(text.replace(/[\r\n]+$/, ''), path)
}

/** A file that an option names and that cannot be read: the option is wrong, not the data. */
export function unreadable(what: string, error: unknown): CoppiceError {
  return new CoppiceError('PARAMETER', ioError(what, error).message, { cause: error })
}

/** Windows has no such bits; there the mode says nothing. */
export function warnIfPublic(
  path: string,
  mode: number,
  what: string,
  warn: (message: string) => void,
): void {
  if (process.platform === 'win32' || (mode & 0o004) === 0) return
  warn(`everybody on this machine can read the ${what} in ${path}; run: chmod 600 ${path}`)
}
