// Offsets of the structures that the scan reads and writes; src/kernels/api.ts documents them.

// a feature's entry in the layout table, 16 bytes
export const ENTRY_OFFSET: usize = 0
export const ENTRY_BINS: usize = 4
export const ENTRY_MISSING: usize = 8
// bit 0: categorical; the others: where the draw of a feature of more than 256 bins is in the mask
export const ENTRY_KIND: usize = 12
export const ENTRY_SHIFT: usize = 4

// parameters, f64 each
export const P_LAMBDA_L1: usize = 0
export const P_LAMBDA_L2: usize = 8
export const P_MIN_DATA: usize = 16
export const P_MIN_HESSIAN: usize = 24
export const P_MIN_GAIN: usize = 32
export const P_MAX_DELTA: usize = 40
export const P_GRADIENT_UNIT: usize = 48
export const P_HESSIAN_UNIT: usize = 56
export const P_CAT_SMOOTH: usize = 64
export const P_CAT_L2: usize = 72
export const P_MAX_CAT_THRESHOLD: usize = 80
export const P_MAX_CAT_TO_ONEHOT: usize = 88
export const P_MIN_DATA_PER_GROUP: usize = 96
// not 0: the mask has the number of the only candidate of each feature, see `drawOf`
export const P_EXTRA: usize = 104

// the best candidate of a leaf: 48 bytes, and bits of the bins that go left (`leftBytes`)
export const C_GAIN: usize = 0
export const C_FEATURE: usize = 8
export const C_BIN: usize = 12
export const C_FLAGS: usize = 16
export const C_LEFT_COUNT: usize = 20
export const C_LEFT_GRADIENT: usize = 24
export const C_LEFT_HESSIAN: usize = 32
export const C_BROKEN: usize = 40
export const C_LEFT_BINS: usize = 48

export const FLAG_DEFAULT_LEFT: i32 = 1
export const FLAG_CATEGORICAL: i32 = 2
export const FLAG_CAT_L2: i32 = 4

/** Bytes of the bits of a categorical feature's bins: 32 of up to 256. */
// @ts-ignore: decorator
@inline export function leftBytes(nBins: i32): usize {
  return <usize>max((nBins + 63) >> 6, 4) << 3
}

/** The number of a feature's only candidate: one less than its mask byte, or two bytes behind. */
// @ts-ignore: decorator
@inline export function drawOf(mask: usize, allowed: i32, kind: i32): i32 {
  return kind > 1 ? <i32>load<u16>(mask + <usize>(kind >> 1)) : allowed - 1
}

/** More bins take two bytes (src/row-bytes.ts), and more room in the scratch. */
export const BYTE_BINS: i32 = 256

// rules of a constrained scan: f64 each, then 24 bytes per feature
export const R_MIN: usize = 0
export const R_MAX: usize = 8
export const R_SMOOTH: usize = 16
export const R_OUTPUT: usize = 24
export const R_MONOTONE_FACTOR: usize = 32
export const R_COST: usize = 40
export const R_FORCED_FEATURE: usize = 48
export const R_FORCED_BIN: usize = 56
export const R_BOUNDS: usize = 64
// bytes of a plane of bounds
export const R_PLANE: usize = 72
export const R_FEATURES: usize = 80
export const R_FEATURE_BYTES: usize = 24
export const R_DIRECTION: usize = 0
export const R_FACTOR: usize = 8
export const R_PENALTY: usize = 16
