/**
 * Orders two strings by their UTF-8 bytes, which is the order of their code points: the order
 * of category dictionaries. It differs from `<` only above U+FFFF, where UTF-16 surrogates sort
 * below U+E000 .. U+FFFF. A lone surrogate counts as its own code point.
 * @returns negative, 0 or positive
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  let i = 0
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i++
  if (i === length) return a.length - b.length
  // Where the difference is in a low surrogate, the pair begins one unit earlier.
  if (i > 0 && isHighSurrogate(a.charCodeAt(i - 1))) i--
  return a.codePointAt(i)! - b.codePointAt(i)! || compareTails(a, b, i + 1)
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}

/**
 * Reached when the unit before the difference is a high surrogate that pairs in neither string,
 * so that the code points at it are equal and the difference lies behind.
 */
function compareTails(a: string, b: string, at: number): number {
  return a.codePointAt(at)! - b.codePointAt(at)!
}

/** A value for an error message: short, on one line, never recursive. */
export function describe(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)
  }
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint') return `the bigint ${String(value).slice(0, 40)}`
  return Object.is(value, -0) ? '-0' : String(value)
}

/** At most `limit` items, quoted, for error messages. */
export function describeList(items: readonly unknown[], limit = 8): string {
  const shown = items.slice(0, limit).map(describe).join(', ')
  return items.length > limit ? `${shown} and ${items.length - limit} more` : shown
}
