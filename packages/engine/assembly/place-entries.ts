const NO_PLACE: u32 = 0xffffffff

/** Puts the entries of packed rows to their places in records. */
export function placeEntries(
  dst: usize, dstStride: i32, src: usize, nColumns: i32, n: i32, places: usize, values: usize,
): void {
  for (let i = 0; i < n; i++, dst += dstStride) {
    let table = places
    let own = values
    for (let end = src + <usize>nColumns; src < end; src++, table += 1024, own += 256) {
      const byte = <usize>load<u8>(src)
      const place = load<u32>(table + (byte << 2))
      if (place != NO_PLACE) store<u8>(dst + <usize>place, load<u8>(own + byte))
    }
  }
}
