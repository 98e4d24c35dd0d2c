// Offsets of the structures that the scan reads and writes; src/kernels/api.ts documents them.

// a feature's entry in the layout table, 16 bytes
export const ENTRY_OFFSET: usize = 0
export const ENTRY_BINS: usize = 4
export const ENTRY_MISSING: usize = 8
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
// not 0: a mask byte is 1 + the number of the only candidate of its feature
export const P_EXTRA: usize = 104

// the best candidate of a leaf, 80 bytes
export const C_GAIN: usize = 0
export const C_FEATURE: usize = 8
export const C_BIN: usize = 12
export const C_FLAGS: usize = 16
export const C_LEFT_COUNT: usize = 20
export const C_LEFT_GRADIENT: usize = 24
export const C_LEFT_HESSIAN: usize = 32
export const C_LEFT_BINS: usize = 40
export const C_BROKEN: usize = 72

export const FLAG_DEFAULT_LEFT: i32 = 1
export const FLAG_CATEGORICAL: i32 = 2
export const FLAG_CAT_L2: i32 = 4

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
export const R_FEATURES: usize = 72
export const R_FEATURE_BYTES: usize = 24
export const R_DIRECTION: usize = 0
export const R_FACTOR: usize = 8
export const R_PENALTY: usize = 16
