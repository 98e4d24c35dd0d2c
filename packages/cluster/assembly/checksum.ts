// 16 running values of 32 bits, each of every 16th word: the rounds of xxHash32, side by side.

// @ts-ignore: decorator
@inline function round(acc: v128, words: usize): v128 {
  const sum = i32x4.add(acc, i32x4.mul(v128.load(words), i32x4.splat(0x85eb_ca77)))
  const turned = v128.or(i32x4.shl(sum, 13), i32x4.shr_u(sum, 19))
  return i32x4.mul(turned, i32x4.splat(0x9e37_79b1))
}

export function checksum(out: usize, src: usize, n: i32): void {
  let a = i32x4(0, 1, 2, 3), b = i32x4(4, 5, 6, 7)
  let c = i32x4(8, 9, 10, 11), d = i32x4(12, 13, 14, 15)
  for (const end = src + <usize>n; src < end; src += 64) {
    a = round(a, src)
    b = round(b, src + 16)
    c = round(c, src + 32)
    d = round(d, src + 48)
  }
  v128.store(out, a)
  v128.store(out, b, 16)
  v128.store(out, c, 32)
  v128.store(out, d, 48)
}
