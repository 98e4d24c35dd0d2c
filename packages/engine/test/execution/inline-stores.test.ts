import { InlineStores } from '../../src/execution/inline-stores.js'
import { storesContract } from './stores-contract.js'

describe('InlineStores', () => {
  storesContract((n) => Array.from({ length: n }, () => new InlineStores()))
})
