/** As `Promise.all`, but the error is that of the first in order, whatever came first in time. */
export async function allInOrder<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work)
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
