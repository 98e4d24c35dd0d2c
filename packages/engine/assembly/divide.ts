import { bitAt } from './bit-at'
import { copyRow } from './copy-row'

// Rows in several planes: which way they go is found once, by the plane that has the feature,
// and each plane is divided after it. Two-ended and without a branch as partition.ts.

/** Writes a byte per row, 1 if it goes left: `table` of its bin. Returns how many do. */
export function decide(decisions: usize, bins: usize, n: i32, stride: i32, table: usize): i32 {
  let nLeft = 0
  for (const end = decisions + <usize>n; decisions < end; decisions++, bins += stride) {
    const go = load<u8>(table + <usize>load<u8>(bins))
    store<u8>(decisions, go)
    nLeft += go
  }
  return nLeft
}

/** As `decide`, of bins of two bytes: by bit `bin` of `bits`. */
export function decideWide(decisions: usize, bins: usize, n: i32, stride: i32, bits: usize): i32 {
  let nLeft = 0
  for (const end = decisions + <usize>n; decisions < end; decisions++, bins += stride) {
    const go = bitAt(bits, load<u16>(bins))
    store<u8>(decisions, <u8>go)
    nLeft += go
  }
  return nLeft
}

function divide16(dst: usize, src: usize, n: i32, decisions: usize): void {
  let l = dst, r = dst + (<usize>(n - 1) << 4)
  for (const end = src + (<usize>n << 4); src < end; src += 16, decisions++) {
    const a = v128.load(src)
    const go = <usize>load<u8>(decisions)
    v128.store(l, a)
    v128.store(r, a)
    l += go << 4
    r -= (1 - go) << 4
  }
}

function divide48(dst: usize, src: usize, n: i32, decisions: usize): void {
  let l = dst, r = dst + <usize>(n - 1) * 48
  for (const end = src + <usize>n * 48; src < end; src += 48, decisions++) {
    const a = v128.load(src), b = v128.load(src, 16), c = v128.load(src, 32)
    const go = <usize>load<u8>(decisions)
    v128.store(l, a)
    v128.store(l, b, 16)
    v128.store(l, c, 32)
    v128.store(r, a)
    v128.store(r, b, 16)
    v128.store(r, c, 32)
    l += go * 48
    r -= (1 - go) * 48
  }
}

function divide64(dst: usize, src: usize, n: i32, decisions: usize): void {
  let l = dst, r = dst + (<usize>(n - 1) << 6)
  for (const end = src + (<usize>n << 6); src < end; src += 64, decisions++) {
    const a = v128.load(src), b = v128.load(src, 16)
    const c = v128.load(src, 32), d = v128.load(src, 48)
    const go = <usize>load<u8>(decisions)
    v128.store(l, a)
    v128.store(l, b, 16)
    v128.store(l, c, 32)
    v128.store(l, d, 48)
    v128.store(r, a)
    v128.store(r, b, 16)
    v128.store(r, c, 32)
    v128.store(r, d, 48)
    l += go << 6
    r -= (1 - go) << 6
  }
}

function divideAny(dst: usize, src: usize, n: i32, stride: usize, decisions: usize): void {
  let l = dst, r = dst + <usize>(n - 1) * stride
  for (const end = src + <usize>n * stride; src < end; src += stride, decisions++) {
    if (load<u8>(decisions)) {
      copyRow(l, src, stride)
      l += stride
    } else {
      copyRow(r, src, stride)
      r -= stride
    }
  }
}

/** Rows with decision 1 to the front in order, the others to the back in reverse. */
export function divide(dst: usize, src: usize, n: i32, stride: i32, decisions: usize): void {
  if (stride == 16) divide16(dst, src, n, decisions)
  else if (stride == 48) divide48(dst, src, n, decisions)
  else if (stride == 64) divide64(dst, src, n, decisions)
  else divideAny(dst, src, n, stride, decisions)
}

/** dst[i] = src[id i], for n ids that lie idStride bytes apart. */
export function gatherRows(
  dst: usize, src: usize, n: i32, stride: i32, ids: usize, idStride: i32,
): void {
  for (let i = 0; i < n; i++, dst += stride, ids += idStride) {
    copyRow(dst, src + <usize>load<u32>(ids) * <usize>stride, stride)
  }
}
