import { CoppiceError } from '../errors.js'

/**
 * Refuses what else an object with `data` and `shape` has: strides, an order or an offset would say
 * that its values lie otherwise than they are read, row by row.
 *
 * @throws CoppiceError 'DATA' naming what is not read
 */
export function checkMatrixKeys(matrix: object): void {
  const other = otherKey(matrix, ['data', 'shape'])
  if (other === undefined) return
  throw new CoppiceError('DATA', `a matrix is {data, shape}, its values row by row, but this one ` +
    `has '${other}', too; leave it out, or pass columns under other names than data and shape`)
}

/**
 * The same of a sparse matrix, of which a format or a base of indices would say so.
 *
 * @throws CoppiceError 'DATA' naming what is not read
 */
export function checkSparseKeys(matrix: object): void {
  const other = otherKey(matrix, ['data', 'indices', 'indptr', 'shape'])
  if (other === undefined) return
  throw new CoppiceError('DATA', 'a sparse matrix is {data, indices, indptr, shape}, with ' +
    `indices of columns from 0, but this one has '${other}', too; leave it out`)
}

/** The first key that has a value and is not read. */
function otherKey(matrix: object, read: readonly string[]): string | undefined {
  return Object.entries(matrix).find(([key, value]) =>
    !read.includes(key) && value !== undefined)?.[0]
}
