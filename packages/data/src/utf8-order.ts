/**
 * Compares two strings by their UTF-8 bytes, which is also the order of their code points. (The
 * operator < compares UTF-16 units and puts U+1F600 before U+FF01.)
 *
 * @returns a negative number, 0 or a positive number, as `Array.prototype.sort` wants it
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Moves surrogates, which stand for code points above all others, behind the rest. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000
}
