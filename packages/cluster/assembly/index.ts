// The kernels that pack and unpack sums, see ../src/wire/. No kernel allocates, keeps state or
// calls out; the caller owns the whole (imported) memory. Contracts are written once, in
// src/wire/sum-kernels.ts; the naive twins are in src/wire/reference.ts.
export { checksum } from './checksum'
export { survey } from './survey'
export { compact32, compact64, countBits, expand32, expand64 } from './sparse'
export { highs, lows, narrow } from './narrow'
export { join, widen } from './widen'
