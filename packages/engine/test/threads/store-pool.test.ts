import { StorePool } from '../../src/threads/index.js'
import { storesContract } from '../execution/stores-contract.js'

for (const nThreads of [1, 2, 3]) {
  describe(`StorePool of ${nThreads} threads`, () => {
    storesContract((n) => Array.from({ length: n }, () => new StorePool(nThreads)))
  })
}
