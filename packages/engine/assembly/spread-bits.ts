const EACH: u64 = 0x0101010101010101
// bit b of byte b
const OWN: u64 = 0x8040201008040201

/** A byte for each of 256 bits, 1 or 0. */
export function spreadBits(bytes: usize, bits: usize): void {
  for (let end = bits + 32; bits < end; bits++, bytes += 8) {
    const own = (<u64>load<u8>(bits) * EACH) & OWN
    // what is not 0 carries into the highest bit of its byte
    store<u64>(bytes, (own + 0x7f * EACH) >> 7 & EACH)
  }
}
