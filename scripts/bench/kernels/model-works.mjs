/**
 * What the kernels of prediction are given to do. The forest is larger than it need be, so that
 * what brings rows to the trees takes little of the time.
 *
 * @typedef {import('./work.mjs').Work} Work
 * @typedef {import('./bench-memory.mjs').BenchMemory} BenchMemory
 */
import { inRoot } from '../../lib/paths.mjs'
import { copies, reads } from './work-limits.mjs'

const predict = (file) => import(inRoot('packages/model/dist/src/predict', file))
const { placeForest } = await predict('block-forest.js')
const { IMAGE_START } = await predict('place-trees.js')
const { compileForest } = await predict('forest.js')

/** Where the first thing is that is reserved. */
const pageBytes = 65_536
/** Trees of comparisons, and as many with sets; a multiple of 8. */
const nTrees = 96
const nLeaves = 31
/** To one of 31 leaves, where they are as few as can be. */
const nSteps = 5
const nFeatures = 28
/** The last features have categories. */
const nNumeric = 24
const nCategories = 40
/** No more rows are different: enough that no processor learns which way each goes. */
const rowsMax = 8192
/** Walking takes a hundred times as long as all else, so that it is done for fewer rows. */
const rowsPerWalked = 8

/**
 * @param {BenchMemory} memory - nothing is in it
 * @param {{ nRows: number }} shape
 * @returns {Work[]}
 */
export function modelWorks(memory, { nRows }) {
  const bench = makeBench(memory, nRows)
  return [
    ...keyWorks(memory, bench), rowKeysWork(memory, bench),
    walkWork(memory, bench, 'walk'), walkWork(memory, bench, 'walkSets'),
    rowWalkWork(memory, bench, 'walkTrees'), rowWalkWork(memory, bench, 'walkTreesWithSets'),
    leavesWork(memory, bench),
  ]
}

/** The forest in memory, where it expects to be; rows; and the keys of their blocks. */
function makeBench(memory, nRows) {
  const { random } = memory
  const forest = placeForest(compileForest(makeModel(random), [0, 2 * nTrees]))
  if (forest === null || forest.columns.length !== nFeatures ||
    forest.hasSets.some((has, t) => has !== Number(t >= nTrees))) {
    throw new Error('the forest is not as it was meant')
  }
  // A forest knows where it is, from IMAGE_START on: nothing else may be there.
  if (memory.reserve(forest.end) !== pageBytes) {
    throw new Error('the forest has to be first in its memory')
  }
  memory.bytes(IMAGE_START, forest.image.length).set(forest.image)
  const { blockRows, chunkRows, columns: [{ keys }] } = forest
  const n = Math.max(1, Math.floor(Math.min(nRows, rowsMax) / blockRows)) * blockRows
  const values = Float64Array.from({ length: n * nFeatures }, (_, i) =>
    valueOf(random, i % nFeatures))
  const bench = {
    forest, n, blockRows, keys, keyBytes: blockRows * nFeatures * 8,
    rows: memory.put(values),
    floats: memory.put(Float32Array.from(values.subarray(0, chunkRows * nFeatures))),
    chunkRows: Math.min(n, chunkRows),
    blocks: memory.reserve(n * nFeatures * 8),
    nRows,
    /** How often each row is walked. */
    nWalks: Math.max(1, Math.round(nRows / rowsPerWalked / n)),
  }
  for (let first = 0; first < n; first += blockRows) {
    encode(memory.kernels, bench, first)
    memory.bytes(bench.blocks + first * nFeatures * 8, bench.keyBytes)
      .set(memory.bytes(keys, bench.keyBytes))
  }
  return bench
}

/** Some are missing, and some are no category that is known. */
function valueOf(random, feature) {
  if (random.next() % 20 === 0) return NaN
  return feature < nNumeric ? random.uniform() : random.next() % (nCategories + 2)
}

/** The keys of the block that begins with a row. */
function encode(kernels, { forest, rows, blockRows }, first) {
  const rowBytes = nFeatures * 8
  for (const { feature, keys, missing, goesLeft } of forest.columns) {
    const at = rows + first * rowBytes + feature * 8
    if (feature < nNumeric) {
      kernels.keysOfDoubles(keys, at, rowBytes, blockRows, missing, goesLeft)
    } else kernels.keysOfCategories(keys, at, rowBytes, blockRows, nCategories)
  }
}

/** What `compileForest` looks at of a model. */
function makeModel(random) {
  const features = Array.from({ length: nFeatures }, (_, f) => f < nNumeric
    ? { name: `x${f}`, kind: 'numeric', missing: f % 2 === 0 ? 'nan' : 'none' }
    : {
      name: `x${f}`, kind: 'categorical',
      categories: Array.from({ length: nCategories }, (_value, code) => code),
    })
  const trees = Array.from({ length: 2 * nTrees }, (_, t) => makeTree(random, t >= nTrees))
  return { features, treesPerIteration: 1, baseScores: [0], trees }
}

/** Grown leaf by leaf as trainings do it: the leaf that has the most rows, more or less. */
function makeTree(random, hasSets) {
  const tree = {
    splitFeature: [], threshold: [], leftCategories: [], defaultLeft: [], leftChild: [],
    rightChild: [], leafValue: [],
  }
  // each with its share of the rows, and where its parent points to it
  const leaves = [{ share: 1, from: null }]
  for (let node = 0; node < nLeaves - 1; node++) {
    const rank = leaves.map(({ share }) => share * (0.2 + random.uniform()))
    const leaf = rank.indexOf(Math.max(...rank))
    const { share, from } = leaves[leaf]
    if (from !== null) from[0][from[1]] = node
    // The first node of a tree with sets has one in any case.
    const isNumeric = !hasSets || (node > 0 && random.next() % 4 > 0)
    const left = isNumeric ? 0.25 + random.uniform() / 2 : 0.5
    tree.splitFeature.push(isNumeric ? random.next() % nNumeric
      : nNumeric + random.next() % (nFeatures - nNumeric))
    tree.threshold.push(isNumeric ? left : null)
    tree.leftCategories.push(isNumeric ? null
      : [...random.permutation(nCategories).subarray(0, nCategories / 2)].sort((a, b) => a - b))
    // so that there is one column of keys for each feature
    tree.defaultLeft.push(isNumeric)
    tree.leftChild.push(~leaf)
    tree.rightChild.push(~leaves.length)
    leaves[leaf] = { share: share * left, from: [tree.leftChild, node] }
    leaves.push({ share: share * (1 - left), from: [tree.rightChild, node] })
  }
  // on a binary grid, as trainings make them
  tree.leafValue = leaves.map(() => ((random.next() >>> 12) - 2 ** 19) / 2 ** 20)
  return tree
}

/** Keys of a chunk, whose rows are brought to the same place each time. */
function keyWorks(memory, bench) {
  const { kernels } = memory
  const { forest: { columns }, chunkRows, blockRows, nRows, rows, floats } = bench
  const nBlocks = Math.floor(chunkRows / blockRows)
  const times = Math.max(1, Math.round(nRows / (nBlocks * blockRows)))
  const work = (name, ofNumbers, at, bytes, convert) => {
    const own = columns.filter(({ feature }) => (feature < nNumeric) === ofNumbers)
    const rowBytes = nFeatures * bytes
    return {
      name, kernels: [name], unit: 'value', nUnits: times * nBlocks * blockRows * own.length,
      run: () => {
        for (let time = 0; time < times; time++) {
          for (let block = 0; block < nBlocks; block++) {
            const start = at + block * blockRows * rowBytes
            for (let i = 0; i < own.length; i++) {
              convert(own[i], start + own[i].feature * bytes, rowBytes)
            }
          }
        }
      },
      // of the last block
      result: () => own.map(({ keys }) => memory.bytes(keys, blockRows * 8)),
      limit: copies(bytes, chunkRows * nFeatures, 8),
    }
  }
  return [
    work('keysOfDoubles', true, rows, 8, ({ keys, missing, goesLeft }, at, rowBytes) =>
      kernels.keysOfDoubles(keys, at, rowBytes, blockRows, missing, goesLeft)),
    work('keysOfFloats', true, floats, 4, ({ keys, missing, goesLeft }, at, rowBytes) =>
      kernels.keysOfFloats(keys, at, rowBytes, blockRows, missing, goesLeft)),
    work('keysOfCategories', false, rows, 8, ({ keys }, at, rowBytes) =>
      kernels.keysOfCategories(keys, at, rowBytes, blockRows, nCategories)),
  ]
}

/** @returns {Work} */
function rowKeysWork(memory, bench) {
  const { kernels } = memory
  const { forest: { row, columns }, rows, n, nRows } = bench
  const times = Math.max(1, Math.round(nRows / n))
  return {
    name: 'keysOfRow', kernels: ['keysOfRow'], unit: 'value', nUnits: times * n * nFeatures,
    run: () => {
      for (let time = 0; time < times; time++) {
        for (let r = 0; r < n; r++) {
          kernels.keysOfRow(rows + r * nFeatures * 8, row.columns, nFeatures)
        }
      }
    },
    // of the last row
    result: () => columns.map(({ keys }) => memory.bytes(keys, 8)),
    limit: copies(8, n * nFeatures),
  }
}

/** Of a row and a tree: on each level a node is looked up. */
const walkLimit = { kind: 'cells', perUnit: nSteps, what: `${nSteps} steps, each as an addition` }

/**
 * Block by block down all trees of a kind. The keys of a block are brought to where the trees
 * look for them, which takes a small part of the time.
 *
 * @returns {Work}
 */
function walkWork(memory, bench, kernel) {
  const { forest, n, nWalks, blockRows, blocks, keys, keyBytes } = bench
  const { roots, depthsMin, leaves, leafValues } = forest
  const walk = memory.kernels[kernel]
  const from = kernel === 'walkSets' ? nTrees : 0
  const scores = memory.reserve(blockRows * 8)
  let bytes = new Uint8Array(0)
  return {
    name: `${kernel}, ${nLeaves} leaves`, kernels: [kernel], unit: 'row and tree',
    nUnits: nWalks * n * nTrees,
    before: () => {
      bytes = memory.bytes(0, blocks + n * nFeatures * 8)
      memory.bytes(scores, blockRows * 8).fill(0)
    },
    run: () => {
      for (let time = 0; time < nWalks; time++) {
        for (let at = blocks, end = at + n * nFeatures * 8; at < end; at += keyBytes) {
          bytes.copyWithin(keys, at, at + keyBytes)
          for (let t = from; t < from + nTrees; t++) {
            walk(leaves, scores, blockRows, roots[t], depthsMin[t], leafValues)
          }
        }
      }
    },
    result: () => [memory.bytes(scores, blockRows * 8), memory.bytes(leaves, blockRows * 4)],
    limit: walkLimit,
  }
}

/** Row by row down all trees of a kind; a row's keys take a small part of it. @returns {Work} */
function rowWalkWork(memory, bench, kernel) {
  const { kernels } = memory
  const { forest: { row }, rows, n, nWalks } = bench
  const walk = kernels[kernel]
  const hasSets = kernel === 'walkTreesWithSets'
  const trees = hasSets ? row.setTrees : row.plainTrees
  const from = hasSets ? nTrees : 0
  return {
    name: `${kernel}, with keysOfRow`, kernels: [kernel], unit: 'row and tree',
    nUnits: nWalks * n * nTrees,
    run: () => {
      for (let time = 0; time < nWalks; time++) {
        for (let r = 0; r < n; r++) {
          kernels.keysOfRow(rows + r * nFeatures * 8, row.columns, nFeatures)
          walk(trees, nTrees)
        }
      }
    },
    result: () => [memory.bytes(row.leaves + from * 4, nTrees * 4)],
    limit: walkLimit,
  }
}

/** The leaves of some rows, as the kernels above have just written them. @returns {Work} */
function leavesWork(memory, { forest: { leafValues }, n, nWalks }) {
  const { kernels, random } = memory
  const nKept = 64
  const all = 2 * nTrees
  const leaves = memory.put(Int32Array.from({ length: nKept * all }, (_, i) =>
    i % all * nLeaves + random.next() % nLeaves))
  const scores = memory.reserve(nKept * 8)
  return {
    name: 'addLeaves', kernels: ['addLeaves'], unit: 'row and tree', nUnits: nWalks * n * all,
    before: () => memory.bytes(scores, nKept * 8).fill(0),
    run: () => {
      for (let i = 0; i < nWalks * n; i++) {
        const kept = i % nKept
        kernels.addLeaves(scores + kept * 8, 1, leaves + kept * all * 4, all, leafValues)
      }
    },
    result: () => [memory.bytes(scores, nKept * 8)],
    limit: reads(12, nKept * all),
  }
}
