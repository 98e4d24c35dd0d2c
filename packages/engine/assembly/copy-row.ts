/** Copies a row of `stride` bytes, a multiple of 4: a record, a tile's bins, or a side. */
// @ts-ignore: decorator
@inline export function copyRow(dst: usize, src: usize, stride: usize): void {
  let k: usize = 0
  for (; k + 16 <= stride; k += 16) v128.store(dst + k, v128.load(src + k))
  if (stride & 8) {
    store<u64>(dst + k, load<u64>(src + k))
    k += 8
  }
  if (stride & 4) store<u32>(dst + k, load<u32>(src + k))
}
