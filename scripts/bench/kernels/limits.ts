/**
 * AssemblyScript: what the machine can do at most, for `npm run bench -- kernels` only. Each does
 * the unavoidable part of a kernel and nothing else. Counts are multiples of 8.
 */

/** Reads n vectors of 16 bytes. Returns something that depends on all of them. */
export function read(src: usize, n: i32): i64 {
  let a = i64x2.splat(0), b = a, c = a, d = a
  for (const end = src + (<usize>n << 4); src < end; src += 64) {
    a = i64x2.add(a, v128.load(src))
    b = i64x2.add(b, v128.load(src, 16))
    c = i64x2.add(c, v128.load(src, 32))
    d = i64x2.add(d, v128.load(src, 48))
  }
  const sum = i64x2.add(i64x2.add(a, b), i64x2.add(c, d))
  return i64x2.extract_lane(sum, 0) ^ i64x2.extract_lane(sum, 1)
}

/** Copies n vectors of 16 bytes. */
export function copy(dst: usize, src: usize, n: i32): void {
  memory.copy(dst, src, <usize>n << 4)
}

@inline function add(cell: usize, v: v128): void {
  v128.store(cell, i64x2.add(v128.load(cell), v))
}

/**
 * Adds to n cells of 16 bytes, eight different ones in turn, 4 KB apart, whose addresses are known
 * beforehand: loads, additions and stores that wait for nothing.
 */
export function addToCells(cells: usize, n: i32): void {
  const v = i64x2.splat(1)
  for (let i = 0; i < n; i += 8) {
    // the next cell of each feature, so that no addition waits for the one before
    const at = cells + ((<usize>i << 1) & 0xff0)
    add(at, v)
    add(at + 4096, v)
    add(at + 8192, v)
    add(at + 12288, v)
    add(at + 16384, v)
    add(at + 20480, v)
    add(at + 24576, v)
    add(at + 28672, v)
  }
}

/** n divisions of doubles, two lanes at a time; four chains, so that none waits for another. */
export function divide(n: i32, by: f64): f64 {
  const d = f64x2.splat(by)
  let a = f64x2.splat(1.25), b = f64x2.splat(1.5), c = f64x2.splat(1.75), e = f64x2.splat(1.125)
  for (let i = 0; i < n; i += 8) {
    a = f64x2.div(a, d)
    b = f64x2.div(b, d)
    c = f64x2.div(c, d)
    e = f64x2.div(e, d)
  }
  const sum = f64x2.add(f64x2.add(a, b), f64x2.add(c, e))
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
}
