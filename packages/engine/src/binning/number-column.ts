/** A column of numbers in memory: the value of a row is `data[start + row * stride]`. */
export interface NumberColumn {
  readonly data: Float32Array | Float64Array
  readonly start: number
  /** 1 where values are side by side, the numbers in a row where they are in a matrix. */
  readonly stride: number
}

/** Whether so many rows are all there. */
export function hasRows({ data, start, stride }: NumberColumn, nRows: number): boolean {
  return nRows === 0 || start + (nRows - 1) * stride < data.length
}
