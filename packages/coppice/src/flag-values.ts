import { UsageError } from './exit-codes.js'

/** The values of the flags of one command line, as texts. */
export class FlagValues {
  readonly #argv: Readonly<Record<string, unknown>>
  /** The words after the command, where it takes any. */
  readonly words: readonly string[]

  constructor(argv: Readonly<Record<string, unknown>>, words: readonly string[] = []) {
    this.#argv = argv
    this.words = words
  }

  /** The word after the command, where it takes one. */
  get word(): string | undefined {
    return this.words[0]
  }

  /** Whether a flag is given. */
  has(name: string): boolean {
    return this.#argv[name] !== undefined
  }

  /** What yargs made of a flag. */
  raw(name: string): unknown {
    return this.#argv[name]
  }

  /**
   * A training parameter: its text, or the texts of a list joined by commas.
   * @param is - a list may be given in parts; a truth may stand alone, which means true
   * @throws UsageError when what is no list is given twice
   */
  parameter(name: string, is: { readonly isList: boolean, readonly isTruth: boolean }): string {
    const value = this.#argv[name]
    if (Array.isArray(value) && is.isList) return this.list(name).join(',')
    if (Array.isArray(value)) throw givenTwice(name)
    return value === '' && is.isTruth ? 'true' : String(value)
  }

  /** The only value of a flag. @throws UsageError when it is given twice or empty */
  text(name: string): string | undefined {
    const value = this.#argv[name]
    if (value === undefined) return undefined
    if (Array.isArray(value)) throw givenTwice(name)
    if (value === '') throw new UsageError(`--${name} needs a value`)
    return String(value)
  }

  /** The value of a flag that must be there. */
  required(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw new UsageError(`--${name} is missing`)
    return value
  }

  /** All values of a flag; none when it is not given. */
  list(name: string): readonly string[] {
    const value = this.#argv[name]
    const values = value === undefined ? [] : Array.isArray(value) ? value : [value]
    if (value !== undefined && (values.length === 0 || values.includes(''))) {
      throw new UsageError(`--${name} needs a value`)
    }
    return values.map(String)
  }

  /** A list of names: several values, or 'a,b'; undefined when it is not given. */
  names(name: string): readonly string[] | undefined {
    const values = this.list(name)
    return values.length === 0 ? undefined : values
  }

  /** What was given for a flag whose value may be left out, which means true. */
  written(name: string): string | readonly string[] | undefined {
    const value = this.#argv[name]
    if (value === undefined) return undefined
    if (Array.isArray(value)) return value.map(String)
    return value === '' ? 'true' : String(value)
  }

  /** Whether a switch is on. */
  isOn(name: string): boolean {
    const value = this.#argv[name]
    return Array.isArray(value) ? value.at(-1) === true : value === true
  }

  /** An integer >= min and <= max. @throws UsageError for anything else */
  integer(name: string, min: number, max = Infinity): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const number = /^[+-]?\d+$/.test(value) ? Number(value) : NaN
    if (Number.isSafeInteger(number) && number >= min && number <= max) return number
    const range = max === Infinity ? `>= ${min}` : `from ${min} to ${max}`
    throw new UsageError(`--${name} must be an integer ${range}, got "${value}"`)
  }

  /**
   * A number of bytes: 10000000000, or with a unit, 10G (10 GB), 10GiB.
   * @throws UsageError for anything else, and less than `min`
   */
  bytes(name: string, min: number): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const [, digits, unit, binary] = /^(\d+(?:\.\d+)?) ?([kmgt]?)(i?)b?$/i.exec(value) ?? []
    const power = Math.max(0, ['', 'k', 'm', 'g', 't'].indexOf(unit?.toLowerCase() ?? ''))
    const bytes = digits === undefined || (binary !== '' && power === 0) ? NaN
      : Math.floor(Number(digits) * Array<number>(power).fill(binary === '' ? 1000 : 1024)
        .reduce((product, factor) => product * factor, 1))
    if (Number.isSafeInteger(bytes) && bytes >= min) return bytes
    throw new UsageError(`--${name} must be bytes, or a size such as 10G or 512MiB, at least ` +
      `${min} (${min / 1_048_576} MiB), got "${value}"`)
  }

  /** A number above `above` and below `below`. @throws UsageError for anything else */
  fraction(name: string, above: number, below: number): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const number = /^[\d.]+(e[+-]?\d+)?$/i.test(value) ? Number(value) : NaN
    if (number > above && number < below) return number
    throw new UsageError(`--${name} must be a number > ${above} and < ${below}, got "${value}"`)
  }

  /** One of several names. @throws UsageError for another */
  choice<const C extends string>(name: string, choices: readonly C[]): C | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const found = choices.find((choice) => choice === value)
    if (found !== undefined) return found
    throw new UsageError(`--${name} must be one of ${choices.join(', ')}, got "${value}"`)
  }
}

function givenTwice(name: string): UsageError {
  return new UsageError(`--${name} is given twice; give it once`)
}
