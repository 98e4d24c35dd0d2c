// Pages of columnar files whose values are indices into a dictionary. Contracts are in
// ../src/formats/page-kernels.ts.

/** Wider indices, of dictionaries of more than 16 million entries, are left to the caller. */
const WIDTH_MAX: i32 = 24
const HEADER_BYTES_MAX: i32 = 5

/**
 * Values of `width` bits, one behind the other from the start of a byte on; returns all their bits
 * joined with |.
 */
function unpack(out: usize, at: usize, width: i32, n: i32): u32 {
  const mask = ((<u64>1) << width) - 1
  let joined: u64 = 0
  // Of a page of n values the last bit is below 24 n, which may be beyond 2^32.
  let bit: u64 = 0
  let i = 0
  if (width <= 16) {
    // Four values begin at a byte or in the middle of one, so that eight bytes hold all of them.
    for (; i + 4 <= n; i += 4, bit += 4 * width, out += 16) {
      const word = load<u64>(at + <usize>(bit >> 3)) >> (bit & 7)
      const a = word & mask
      const b = (word >> width) & mask
      const c = (word >> (2 * width)) & mask
      const d = (word >> (3 * width)) & mask
      store<u64>(out, a | (b << 32))
      store<u64>(out, c | (d << 32), 8)
      joined |= a | b | c | d
    }
  }
  for (; i < n; i++, bit += width, out += 4) {
    const value = (load<u64>(at + <usize>(bit >> 3)) >> (bit & 7)) & mask
    store<u32>(out, <u32>value)
    joined |= value
  }
  return <u32>joined
}

function fill(out: usize, value: u32, n: i32): void {
  const end = out + (<usize>n << 2)
  const lanes = i32x4.splat(value)
  for (; out + 16 <= end; out += 16) v128.store(out, lanes)
  for (; out < end; out += 4) store<u32>(out, value)
}

/** Whether all of n indices are below `limit`. */
function areBelow(indices: usize, n: i32, limit: u32): bool {
  for (let i = 0; i < n; i++) if (load<u32>(indices + (<usize>i << 2)) >= limit) return false
  return true
}

export function decodeIndices(
  out: usize, at: usize, length: i32, width: i32, n: i32, nEntries: i32,
): bool {
  if (width < 0 || width > WIDTH_MAX) return false
  if (width == 0) {
    fill(out, 0, n)
    return n == 0 || nEntries > 0
  }
  const end = at + <usize>length
  let seen = 0
  let joined: u32 = 0
  while (seen < n) {
    let header: u64 = 0
    for (let k = 0; ; k++) {
      if (at >= end || k == HEADER_BYTES_MAX) return false
      const byte = <u64>load<u8>(at++)
      header |= (byte & 0x7f) << (7 * k)
      if (byte < 0x80) break
    }
    const place = out + (<usize>seen << 2)
    const left = <u64>(n - seen)
    if (header & 1) {
      const nPacked = (header >> 1) << 3
      const nTaken = <i32>min(nPacked, left)
      if ((<u64>nTaken * width + 7) >> 3 > <u64>(end - at)) return false
      joined |= unpack(place, at, width, nTaken)
      // A last group may be cut short at the end of the page.
      at += <usize>min(<u64>(end - at), (nPacked >> 3) * width)
      seen += nTaken
    } else {
      const nBytes = (width + 7) >> 3
      if (end - at < <usize>nBytes) return false
      const value = load<u32>(at) & <u32>((1 << (nBytes << 3)) - 1)
      at += nBytes
      const nRun = <i32>min(header >> 1, left)
      fill(place, value, nRun)
      joined |= value
      seen += nRun
    }
  }
  // All bits together are no less than the largest index.
  return joined < <u32>nEntries || areBelow(out, n, nEntries)
}

export function recodeIndices(indices: usize, first: i32, n: i32, codes: usize): i32 {
  for (let i = first; i < n; i++) {
    const at = indices + (<usize>i << 2)
    const code = load<i32>(codes + (<usize>load<u32>(at) << 2))
    if (code < 0) return i
    store<i32>(at, code)
  }
  return n
}
