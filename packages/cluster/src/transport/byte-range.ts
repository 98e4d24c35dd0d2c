/** The bytes that a `Range` header asks for: first and last, both included. */
export type ByteRange =
  | { readonly kind: 'all' }
  | { readonly kind: 'part', readonly first: number, readonly last: number }
  | { readonly kind: 'unsatisfiable' }

/**
 * Reads a `Range` header for a file of so many bytes (RFC 9110 section 14). What is no single
 * range of bytes is ignored, as the RFC allows, and the whole file served.
 */
export function parseRange(header: string | undefined, byteLength: number): ByteRange {
  const match = /^bytes=(\d*)-(\d*)$/.exec((header ?? '').replaceAll(' ', ''))
  if (match === null) return { kind: 'all' }
  const [from, to] = [match[1]!, match[2]!]
  if (from === '' && to === '') return { kind: 'all' }
  if (from === '') {
    // The last so many bytes.
    const nBytes = Math.min(Number(to), byteLength)
    if (nBytes === 0) return { kind: 'unsatisfiable' }
    return { kind: 'part', first: byteLength - nBytes, last: byteLength - 1 }
  }
  const first = Number(from)
  const last = to === '' ? byteLength - 1 : Math.min(Number(to), byteLength - 1)
  if (to !== '' && Number(to) < first) return { kind: 'all' }
  if (first >= byteLength) return { kind: 'unsatisfiable' }
  return { kind: 'part', first, last }
}
