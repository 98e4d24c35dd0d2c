// The bin of a value is the number of bounds below it, found one bit of the count at a time,
// largest first. Comparisons are added as numbers: which way they go is random. Several values are
// under way at once, since none waits for another.

// @ts-ignore: decorator
@inline function below(bounds: usize, bin: i32, at: i32, value: f64): i32 {
  return i32(load<f64>(bounds + (<usize>(bin + at) << 3)) < value)
}

function findIn256(dst: usize, values: usize, n: i32, bounds: usize, nanBin: i32): void {
  const half = load<f64>(bounds + 127 * 8)
  for (const end = dst + <usize>n; dst < end; dst++, values += 8) {
    const value = load<f64>(values)
    let bin = i32(half < value) << 7
    bin += below(bounds, bin, 63, value) << 6
    bin += below(bounds, bin, 31, value) << 5
    bin += below(bounds, bin, 15, value) << 4
    bin += below(bounds, bin, 7, value) << 3
    bin += below(bounds, bin, 3, value) << 2
    bin += below(bounds, bin, 1, value) << 1
    bin += below(bounds, bin, 0, value)
    store<u8>(dst, select(nanBin, bin, value != value))
  }
}

function findIn16(dst: usize, values: usize, n: i32, bounds: usize, nanBin: i32): void {
  const half = load<f64>(bounds + 7 * 8)
  for (const end = dst + <usize>n; dst < end; dst++, values += 8) {
    const value = load<f64>(values)
    let bin = i32(half < value) << 3
    bin += below(bounds, bin, 3, value) << 2
    bin += below(bounds, bin, 1, value) << 1
    bin += below(bounds, bin, 0, value)
    store<u8>(dst, select(nanBin, bin, value != value))
  }
}

export function findBins(
  dst: usize, values: usize, n: i32, bounds: usize, nBounds: i32, nanBin: i32,
): void {
  if (nBounds == 16) findIn16(dst, values, n, bounds, nanBin)
  else findIn256(dst, values, n, bounds, nanBin)
}
