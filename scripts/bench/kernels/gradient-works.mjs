/**
 * The kernels of objectives, and that of linear leaves. Before anything is timed each is compared
 * with its naive twin: the bytes that both write are the same.
 */
import { inRoot } from '../../lib/paths.mjs'
import { rowsOfLeaf } from './leaf-rows.mjs'
import { copies, reads } from './work-limits.mjs'

const engine = (file) => import(inRoot('packages/engine/dist/src', file))
const { referenceKernels } = await engine('kernels/reference.js')
const { RANKING_PLANES } = await engine('kernels/api.js')
const { PointwiseKind, ShapedKind } = await engine('kernels/objective-kinds.js')
const { bestDcg, countLabels, discounts, labelGains } = await engine('objectives/ranking.js')
const { gatheredWidth, ROUNDING, ROWS_AT_ONCE } = await engine('linear/gathered-rows.js')
const { momentUnits } = await engine('linear/linear-plan.js')
const { powerOfTwo } = await engine('numeric/exact-sum.js')

const rowsOfQuery = 20
/** As many rows as a leaf, in whole queries. */
const rowsOfQueries = 400 * rowsOfQuery
/** Rows of which the twins compute the same: a multiple of all queries. */
const rowsChecked = 100 * rowsOfQuery
const featuresOfLeaf = 10

/** Hessians of poisson are nearly 70: scaled by this, all stay below 2^30. */
const scale = 2 ** 22
const truncation = 30
/** Labels of queries and counts of events: the low ones are frequent. */
const ranks = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4]

/**
 * A work that is done so many rows at a time.
 *
 * @typedef {object} Piecework
 * @property {string} name - begins with that of the kernel
 * @property {number} [atOnce] - rows
 * @property {(kernels: object, first: number, n: number) => number | void} call - may return the
 *   largest magnitude
 * @property {() => void} [before]
 * @property {(n: number) => Uint8Array[]} [written] - by calls of the first n rows
 * @property {import('./work.mjs').Work['limit']} limit
 */

/** @returns {import('./work.mjs').Work[]} */
export function gradientWorks(memory, { nRows }) {
  const rows = placeRows(memory, nRows)
  const pieceworks = [
    ...squaredWorks(memory, rows), ...pointwiseWorks(memory, rows), ...shapedWorks(memory, rows),
    ...sideWorks(memory, rows), ...rankingWorks(memory, rows), roundedWork(memory, rows),
    expWork(memory, rows), momentsWork(memory, nRows),
  ]
  // twins only ask for the buffer, which is another one once the memory has grown
  const twins = referenceKernels({ get buffer() { return memory.bytes(0, 1).buffer } })
  return pieceworks.map((piecework) => workOf(memory, piecework, nRows, twins))
}

/** @param {Piecework} piecework */
function workOf(memory, piecework, nRows, twins) {
  const { name, atOnce = rowsOfLeaf, call, before, written = () => [], limit } = piecework
  const largest = new Float64Array(1)
  const runRows = (kernels, end) => {
    largest[0] = 0
    for (let first = 0; first < end; first += atOnce) {
      const magnitude = call(kernels, first, Math.min(atOnce, end - first))
      if (magnitude !== undefined) largest[0] = Math.max(largest[0], magnitude)
    }
  }
  const resultOf = (n) => [...written(n), new Uint8Array(largest.buffer)]
  const { kernels } = memory
  const nChecked = Math.min(nRows, rowsChecked)
  const [found, expected] = [kernels, twins].map((own) => {
    for (const bytes of written(nChecked)) bytes.fill(0)
    before?.()
    runRows(own, nChecked)
    return Buffer.concat(resultOf(nChecked))
  })
  if (!found.equals(expected)) throw new Error(`${name}: not what its twin computes`)
  if (found.every((byte) => byte === 0)) throw new Error(`${name}: nothing but zeros`)
  return {
    name, kernels: [name.split(',')[0]], unit: 'row', nUnits: nRows, limit,
    ...(before === undefined ? {} : { before }),
    run: () => runRows(kernels, nRows),
    result: () => resultOf(nRows),
  }
}

/** Of formulas that take longer than what they read: each e^x, logarithm and share has one. */
function dividing(perUnit) {
  return { kind: 'divisions', perUnit, what: `${Number(perUnit.toFixed(1))} divisions` }
}

/** Scores, labels of several kinds, and room for what comes out of them. */
function placeRows(memory, nRows) {
  const { random } = memory
  const room = () => memory.reserve(nRows * 8)
  return {
    nRows,
    scores: memory.putDoubles(nRows, () => random.normal()),
    numbers: memory.putDoubles(nRows, () => random.normal()),
    ranks: memory.putDoubles(nRows, () => ranks[random.next() % ranks.length]),
    classes: memory.putDoubles(nRows, () => random.next() & 1),
    weights: memory.putDoubles(nRows, () => 0.5 + random.uniform()),
    pairs: room(), gradients: room(), hessians: room(),
  }
}

/** Pairs of gradient and hessian, i32 each. */
function pairsOf(memory, { pairs }) {
  return (n) => [memory.bytes(pairs, n * 8)]
}

/** Gradients and hessians as doubles. */
function planesOf(memory, { gradients, hessians }) {
  return (n) => [gradients, hessians].map((plane) => memory.bytes(plane, n * 8))
}

function squaredWorks(memory, { nRows, scores, numbers }) {
  return [{
    name: 'residuals', limit: reads(16, nRows),
    call: (kernels, first, n) =>
      kernels.residuals(scores + first * 8, numbers + first * 8, 0, n),
  }]
}

function pointwiseWorks(memory, rows) {
  const { nRows, scores, pairs } = rows
  const kinds = [
    // e^poisson_max_delta_step, which is 0.7
    ['poisson', PointwiseKind.poisson, 2.0137527074704766, rows.ranks],
    ['huber', PointwiseKind.huber, 0.9, rows.numbers],
  ]
  return kinds.flatMap(([name, kind, number, labels]) => [
    {
      name: `pointwiseMaximum, ${name}`, limit: reads(16, nRows),
      call: (kernels, first, n) => kernels.pointwiseMaximum(
        kind, number, scores + first * 8, labels + first * 8, 0, n),
    },
    {
      name: `pointwiseGradients, ${name}`, limit: reads(24, nRows),
      written: pairsOf(memory, rows),
      call: (kernels, first, n) => kernels.pointwiseGradients(
        kind, number, pairs + first * 8, 8, scores + first * 8, labels + first * 8, 0, n, scale,
        scale),
    },
  ])
}

function shapedWorks(memory, rows) {
  const { nRows, scores, numbers, classes, pairs } = rows
  const maximum = (name, kind, a) => ({
    name: `shapedMaximum, ${name}`, limit: reads(16, nRows),
    call: (kernels, first, n) => kernels.shapedMaximum(
      kind, a, 0, scores + first * 8, numbers + first * 8, 0, n),
  })
  const gradients = (name, kind, a, b, labels, limit) => ({
    name: `shapedGradients, ${name}`, limit, written: pairsOf(memory, rows),
    call: (kernels, first, n) => kernels.shapedGradients(
      kind, a, b, pairs + first * 8, 8, scores + first * 8, labels + first * 8, 0, n, scale,
      scale),
  })
  return [
    maximum('pseudo_huber', ShapedKind.pseudoHuber, 1),
    maximum('log_cosh', ShapedKind.logCosh, 0),
    gradients('pseudo_huber', ShapedKind.pseudoHuber, 1, 0, numbers, reads(24, nRows)),
    // e^score, the share of the class, its logarithm and the power of the other's share
    gradients('focal', ShapedKind.focal, 2, 0.25, classes, dividing(4)),
  ]
}

function sideWorks(memory, rows) {
  const { nRows, scores, numbers, classes, weights, pairs } = rows
  const written = pairsOf(memory, rows)
  return [
    {
      name: 'signGradients, quantile', limit: reads(24, nRows), written,
      call: (kernels, first, n) => kernels.signGradients(
        pairs + first * 8, 8, scores + first * 8, numbers + first * 8, 0, n, 2 ** -40, -0.9, 0.1,
        0.1, 0, scale, scale),
    },
    {
      // e^score, the share, the logarithm, the power with the weight and the ratio
      name: 'xentLambdaGradients', limit: dividing(5), written,
      call: (kernels, first, n) => kernels.xentLambdaGradients(
        pairs + first * 8, 8, scores + first * 8, classes + first * 8, weights + first * 8, n,
        scale, scale),
    },
  ]
}

/** The queries of all rows, the last of which may be shorter. */
function placeQueries(memory, { nRows, ranks: labelsAt }) {
  const nQueries = Math.ceil(nRows / rowsOfQuery)
  const starts = Int32Array.from({ length: nQueries + 1 },
    (_, q) => Math.min(nRows, q * rowsOfQuery))
  const gains = labelGains([])
  const discount = discounts(rowsOfQuery + 1)
  const labels = memory.doubles(labelsAt, nRows)
  const counts = new Uint32Array(gains.length)
  const inverses = new Float64Array(nQueries)
  // divisions are needed for the pairs of rows with different labels
  let nPairs = 0
  for (let q = 0; q < nQueries; q++) {
    countLabels(labels, starts[q], starts[q + 1], counts)
    const best = bestDcg(truncation, counts, gains, discount)
    inverses[q] = best > 0 ? 1 / best : 0
    const n = starts[q + 1] - starts[q]
    nPairs += counts.reduce((sum, count) => sum - count * count, n * n) / 2
  }
  const planeBytes = (rowsOfQuery + 2 & ~1) * 8
  return {
    nPairs, planeBytes, starts: memory.put(starts), inverses: memory.put(inverses),
    gains: memory.put(Float64Array.from(gains)), discount: memory.put(discount),
    firstIds: memory.putDoubles(nQueries, (q) => q * rowsOfQuery),
    work: memory.reserve(planeBytes * RANKING_PLANES),
  }
}

function rankingWorks(memory, rows) {
  const { nRows, scores, ranks: labels, gradients, hessians } = rows
  const at = placeQueries(memory, rows)
  const written = planesOf(memory, rows)
  return [
    {
      name: `lambdaGradients, queries of ${rowsOfQuery}`, atOnce: rowsOfQueries, written,
      // of a pair the norm, e^x and the logistic function
      limit: dividing(3 * at.nPairs / nRows),
      call: (kernels, first, n) => {
        const query = first / rowsOfQuery
        return kernels.lambdaGradients(
          gradients, hessians, scores, labels, 0, at.starts + query * 4,
          Math.ceil(n / rowsOfQuery), at.inverses + query * 8, at.gains, at.discount, truncation,
          1, 1, at.work, at.planeBytes)
      },
    },
    {
      name: `xendcgGradients, queries of ${rowsOfQuery}`, atOnce: rowsOfQueries, written,
      limit: reads(32, nRows),
      call: (kernels, first, n) => {
        const query = first / rowsOfQuery
        return kernels.xendcgGradients(
          gradients, hessians, scores, labels, 0, at.starts + query * 4,
          Math.ceil(n / rowsOfQuery), at.firstIds + query * 8, 12_345, at.work, at.planeBytes)
      },
    },
  ]
}

/** Scores and labels stand for gradients and hessians, so that no other work has to go before. */
function roundedWork(memory, rows) {
  const { nRows, scores, ranks: labels, pairs } = rows
  return {
    name: 'putRounded', limit: reads(24, nRows), written: pairsOf(memory, rows),
    call: (kernels, first, n) => kernels.putRounded(
      pairs + first * 8, 8, scores + first * 8, labels + first * 8, n, scale, scale),
  }
}

function expWork(memory, { nRows, scores, gradients }) {
  return {
    name: 'expLanes',
    limit: copies(8, nRows),
    written: (n) => [memory.bytes(gradients, n * 8)],
    call: (kernels, first, n) => kernels.expLanes(gradients + first * 8, scores + first * 8, n),
  }
}

/** The same rows again and again: a leaf's are gathered in one place, a few at a time. */
function momentsWork(memory, nRows) {
  const { random } = memory
  const k = featuresOfLeaf
  const width = gatheredWidth(k)
  const { coarse, fine } = momentUnits(nRows)
  const [high, low] = [coarse, fine].map((unit) => ROUNDING * powerOfTwo(unit))
  const gathered = memory.putDoubles(ROWS_AT_ONCE * (width + 2), (i) => {
    const j = i % (width + 2)
    if (j === 0) return (random.next() >>> 8) - (1 << 23)
    if (j === 1) return random.next() >>> 8
    return j < k + 2 ? random.normal() / 4 : Number(j === k + 2)
  })
  const nCells = (k + 2) * width
  const sums = memory.reserve(2 * nCells * 8)
  return {
    name: `linearMoments, ${k} features`, atOnce: ROWS_AT_ONCE,
    before: () => memory.bytes(sums, 2 * nCells * 8).fill(0),
    call: (kernels, _first, n) => kernels.linearMoments(sums, gathered, n, k, high, low),
    written: () => {
      const cells = memory.longs(sums, 2 * nCells)
      // one before the diagonal, which is of no meaning, is summed beside it in odd lines
      for (let m = 1; m <= k; m += 2) {
        for (const plane of [0, nCells]) cells[plane + m * width + m - 1] = 0n
      }
      return [memory.bytes(sums, 2 * nCells * 8)]
    },
    limit: additionsOf(k, width),
  }
}

/** Two products at a time, in two planes: those from the diagonal on, and of the gradient all. */
function additionsOf(k, width) {
  let nPairs = width / 2
  for (let m = 0; m <= k; m++) nPairs += (width - (m & ~1)) / 2
  return { kind: 'cells', perUnit: 2 * nPairs, what: `${2 * nPairs} additions to cells` }
}
