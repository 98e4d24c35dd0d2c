// Cells whose bit is set, side by side, and back. Bitmaps are whole words of 64 bits.

export function compact64(dst: usize, src: usize, bitmap: usize, nWords: i32): void {
  for (let w = 0; w < nWords; w++, src += 512) {
    for (let bits = load<u64>(bitmap + (<usize>w << 3)); bits != 0; bits &= bits - 1, dst += 8) {
      store<i64>(dst, load<i64>(src + (<usize>ctz(bits) << 3)))
    }
  }
}

export function compact32(dst: usize, src: usize, bitmap: usize, nWords: i32): void {
  for (let w = 0; w < nWords; w++, src += 256) {
    for (let bits = load<u64>(bitmap + (<usize>w << 3)); bits != 0; bits &= bits - 1, dst += 4) {
      store<i32>(dst, load<i32>(src + (<usize>ctz(bits) << 2)))
    }
  }
}

export function expand64(dst: usize, src: usize, bitmap: usize, nWords: i32): void {
  for (let w = 0; w < nWords; w++, dst += 512) {
    for (let bits = load<u64>(bitmap + (<usize>w << 3)); bits != 0; bits &= bits - 1, src += 8) {
      store<i64>(dst + (<usize>ctz(bits) << 3), load<i64>(src))
    }
  }
}

export function expand32(dst: usize, src: usize, bitmap: usize, nWords: i32): void {
  for (let w = 0; w < nWords; w++, dst += 256) {
    for (let bits = load<u64>(bitmap + (<usize>w << 3)); bits != 0; bits &= bits - 1, src += 4) {
      store<i32>(dst + (<usize>ctz(bits) << 2), load<i32>(src))
    }
  }
}

export function countBits(bitmap: usize, nWords: i32): i32 {
  let n: u64 = 0
  for (let w = 0; w < nWords; w++, bitmap += 8) n += popcnt(load<u64>(bitmap))
  return <i32>n
}
