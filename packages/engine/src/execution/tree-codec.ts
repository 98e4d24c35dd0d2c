import type { LinearLeaves } from '@coppice/model'
import type { BinnedLinear, BinnedTree } from './protocol.js'
import type { Reader, Writer } from './request-bytes.js'

/** Of what a request to commit carries. */
export function writeTree(w: Writer, tree: BinnedTree): void {
  w.ints(tree.feature)
  w.ints(tree.leftChild)
  w.ints(tree.rightChild)
  for (const bits of tree.leftBins) w.bytes(bits)
  w.int(tree.leafValue.length)
  for (const value of tree.leafValue) w.double(value)
  w.int(tree.linear === undefined ? 0 : 1)
  if (tree.linear !== undefined) writeLinear(w, tree.linear)
}

function writeLinear(w: Writer, { limit, constant, features, coefficients }: BinnedLinear): void {
  w.double(limit)
  for (const [leaf, value] of constant.entries()) {
    w.double(value)
    w.ints(features[leaf]!)
    for (const coefficient of coefficients[leaf]!) w.double(coefficient)
  }
}

function readLinear(r: Reader, nLeaves: number): BinnedLinear {
  const limit = r.double()
  const leaves = r.list(nLeaves, 12, () => {
    const constant = r.double()
    const features = r.ints() ?? []
    return { constant, features, coefficients: r.list(features.length, 8, () => r.double()) }
  })
  const linear: LinearLeaves = {
    constant: leaves.map((leaf) => leaf.constant),
    features: leaves.map((leaf) => leaf.features),
    coefficients: leaves.map((leaf) => leaf.coefficients),
  }
  return { limit, ...linear }
}

/** @throws CoppiceError where bytes end early */
export function readTree(r: Reader): BinnedTree {
  const feature = r.ints() ?? []
  const leftChild = r.ints() ?? []
  const rightChild = r.ints() ?? []
  const leftBins = feature.map(() => r.someBytes())
  const nLeaves = r.int()
  const leafValue = r.list(nLeaves, 8, () => r.double())
  const tree = { feature, leftBins, leftChild, rightChild, leafValue }
  return r.int() === 0 ? tree : { ...tree, linear: readLinear(r, nLeaves) }
}
