import { CoppiceError } from '../errors.js'

/**
 * Refuses what else an object with `data` and `shape` has: strides, an order or an offset would say
 * that its values lie otherwise than they are read, row by row.
 *
 * @throws CoppiceError 'DATA' naming what is not read
 */
export function checkMatrixKeys(matrix: object): void {
  const other = Object.entries(matrix).find(([key, value]) =>
    key !== 'data' && key !== 'shape' && value !== undefined)
  if (other === undefined) return
  throw new CoppiceError('DATA', `a matrix is {data, shape}, its values row by row, but this one ` +
    `has '${other[0]}', too; leave it out, or pass columns under other names than data and shape`)
}
