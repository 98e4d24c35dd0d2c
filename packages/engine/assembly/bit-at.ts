/** Bit `i` of some bytes. */
// @ts-ignore: decorator
@inline export function bitAt(bits: usize, i: i32): i32 {
  return (<i32>load<u8>(bits + (<usize>i >> 3)) >> (i & 7)) & 1
}
