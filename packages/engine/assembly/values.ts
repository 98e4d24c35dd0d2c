// Sorting, counting and merging the sampled values of a column. Which of two values is less is
// random: results of comparisons are added as numbers, a branch would be mispredicted half of the
// time.

/** As `zeroThreshold`: the float 1e-35. */
const ZERO: f64 = <f64><f32>1e-35

export function keepStored(values: usize, n: i32, nNans: usize): i32 {
  let to = values
  let nans = 0
  for (const end = values + (<usize>n << 3); values < end; values += 8) {
    const value = load<f64>(values)
    store<f64>(to, value)
    to += <usize>(Math.abs(value) > ZERO) << 3
    nans += i32(value != value)
  }
  store<i32>(nNans, nans)
  return n - <i32>((values - to) >> 3)
}

const SIGN: u64 = 0x8000000000000000
const BUCKETS: i32 = 2048
/** Bytes of the counts of one digit. */
const DIGIT: usize = 8192

// Keys order as unsigned integers as the doubles do: negative ones run backwards, so all of their
// bits are flipped, and the sign bit of positive ones is set to put them above.
function toKeys(at: usize, n: i32): void {
  for (const end = at + (<usize>n << 3); at < end; at += 8) {
    const bits = load<u64>(at)
    store<u64>(at, bits ^ (<u64>(<i64>bits >> 63) | SIGN))
  }
}

function fromKeys(dst: usize, src: usize, n: i32): void {
  for (const end = src + (<usize>n << 3); src < end; src += 8, dst += 8) {
    const key = load<u64>(src)
    store<u64>(dst, key ^ (<u64>(~(<i64>key >> 63)) | SIGN))
  }
}

// Keys of floats, of 4 bytes, as those of doubles.
function toFloatKeys(dst: usize, src: usize, n: i32): void {
  for (const end = src + (<usize>n << 3); src < end; src += 8, dst += 4) {
    const bits = reinterpret<u32>(<f32>load<f64>(src))
    store<u32>(dst, bits ^ (<u32>(<i32>bits >> 31) | 0x80000000))
  }
}

function fromFloatKeys(dst: usize, src: usize, n: i32): void {
  for (const end = src + (<usize>n << 2); src < end; src += 4, dst += 8) {
    const key = load<u32>(src)
    const bits = key ^ (<u32>(~(<i32>key >> 31)) | 0x80000000)
    store<f64>(dst, <f64>reinterpret<f32>(bits))
  }
}

function areFloats(at: usize, n: i32): bool {
  for (const end = at + (<usize>n << 3); at < end; at += 8) {
    const value = load<f64>(at)
    if (<f64><f32>value != value) return false
  }
  return true
}

// Digits of a word of keys of type K: bits 0-10, 11-21, 22-31.
function countDigits<K>(keys: usize, n: i32, counts: usize, word: usize): void {
  memory.fill(counts, 0, 3 * DIGIT)
  for (const end = keys + <usize>n * sizeof<K>(); keys < end; keys += sizeof<K>()) {
    const value = load<u32>(keys + word)
    const a = counts + (<usize>(value & 2047) << 2)
    const b = counts + DIGIT + (<usize>((value >> 11) & 2047) << 2)
    const c = counts + 2 * DIGIT + (<usize>(value >> 22) << 2)
    store<u32>(a, load<u32>(a) + 1)
    store<u32>(b, load<u32>(b) + 1)
    store<u32>(c, load<u32>(c) + 1)
  }
}

function scatter<K>(
  dst: usize, src: usize, n: i32, counts: usize, word: usize, shift: u32,
): void {
  let next = dst
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const at = counts + (<usize>bucket << 2)
    const count = load<u32>(at)
    store<u32>(at, <u32>next)
    next += <usize>count * sizeof<K>()
  }
  for (const end = src + <usize>n * sizeof<K>(); src < end; src += sizeof<K>()) {
    const at = counts + (<usize>((load<u32>(src + word) >> shift) & 2047) << 2)
    const to = load<u32>(at)
    store<u32>(at, to + <u32>sizeof<K>())
    store<K>(<usize>to, load<K>(src))
  }
}

// Sorts by a word: the low (0) or high (4) one of 8 bytes; returns which of the two arrays has the
// result.
function sortByWord<K>(keys: usize, other: usize, n: i32, counts: usize, word: usize): usize {
  countDigits<K>(keys, n, counts, word)
  for (let digit: u32 = 0; digit < 3; digit++) {
    const own = counts + <usize>digit * DIGIT
    const shift = digit * 11
    const first = (load<u32>(keys + word) >> shift) & 2047
    // alike in all keys
    if (load<u32>(own + (<usize>first << 2)) == <u32>n) continue
    scatter<K>(other, keys, n, own, word, shift)
    const swap = keys
    keys = other
    other = swap
  }
  return keys
}

// Insertion sort that gives up, with all keys in place, when too many are out of order.
function insertFew(keys: usize, n: i32): bool {
  let left = n << 2
  const end = keys + (<usize>n << 3)
  for (let i = keys + 8; i < end; i += 8) {
    const key = load<u64>(i)
    let at = i
    while (at > keys && load<u64>(at - 8) > key) {
      store<u64>(at, load<u64>(at - 8))
      at -= 8
      left--
    }
    store<u64>(at, key)
    if (left < 0) return false
  }
  return true
}

export function sortValues(values: usize, scratch: usize, n: i32, counts: usize): void {
  if (n == 0) return
  if (areFloats(values, n)) {
    toFloatKeys(scratch, values, n)
    fromFloatKeys(
      values, sortByWord<u32>(scratch, scratch + (<usize>n << 2), n, counts, 0), n)
    return
  }
  toKeys(values, n)
  // Most doubles differ in their high words already.
  let keys = sortByWord<u64>(values, scratch, n, counts, 4)
  if (!insertFew(keys, n)) {
    keys = sortByWord<u64>(keys, keys == values ? scratch : values, n, counts, 0)
    keys = sortByWord<u64>(keys, keys == values ? scratch : values, n, counts, 4)
  }
  fromKeys(values, keys, n)
}

export function countDistinct(values: usize, counts: usize, n: i32): i32 {
  let m = -1
  let previous = <f64>NaN
  for (let i = 0; i < n; i++) {
    const value = load<f64>(values + (<usize>i << 3))
    m += i32(value != previous)
    store<f64>(values + (<usize>m << 3), value)
    // where the run ends, for now
    store<u32>(counts + (<usize>m << 2), <u32>i + 1)
    previous = value
  }
  for (let k = m; k > 0; k--) {
    const at = counts + (<usize>k << 2)
    store<u32>(at, load<u32>(at) - load<u32>(at - 4))
  }
  return m + 1
}

export function mergeCounted(
  dst: usize, dstCounts: usize, a: usize, aCounts: usize, na: i32, b: usize, bCounts: usize,
  nb: i32,
): i32 {
  const start = dst
  const aEnd = a + (<usize>na << 3)
  const bEnd = b + (<usize>nb << 3)
  while (a < aEnd && b < bEnd) {
    const x = load<f64>(a)
    const y = load<f64>(b)
    const takesA = u32(x <= y)
    const takesB = u32(y <= x)
    // by address: a minimum of doubles is a branch on x64
    store<u64>(dst, load<u64>(b + (a - b) * <usize>takesA))
    store<u32>(dstCounts, load<u32>(aCounts) * takesA + load<u32>(bCounts) * takesB)
    a += <usize>takesA << 3
    aCounts += <usize>takesA << 2
    b += <usize>takesB << 3
    bCounts += <usize>takesB << 2
    dst += 8
    dstCounts += 4
  }
  const restA = aEnd - a
  memory.copy(dst, a, restA)
  memory.copy(dstCounts, aCounts, restA >> 1)
  dst += restA
  dstCounts += restA >> 1
  const restB = bEnd - b
  memory.copy(dst, b, restB)
  memory.copy(dstCounts, bCounts, restB >> 1)
  return <i32>((dst + restB - start) >> 3)
}
