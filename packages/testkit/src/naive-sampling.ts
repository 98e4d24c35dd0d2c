import {
  fractionLimit, mixNumber, Purpose, rowDraw, startHash, type BinnedDataset, type ResolvedParams,
} from '@coppice/engine'

type Pair = readonly [number, number]

/** GOSS: rows to keep, and how many of the others are drawn. */
function gossCounts(
  params: ResolvedParams, nRows: number,
): { nTop: number, nOthers: number, nDrawn: number } {
  const nTop = Math.max(1, Math.floor(nRows * params.topRate))
  const nOthers = Math.max(1, nRows - nTop)
  return {
    nTop, nOthers, nDrawn: Math.min(nOthers, Math.max(1, Math.floor(nRows * params.otherRate))),
  }
}

function isGoss(params: ResolvedParams, iteration: number): boolean {
  return params.dataSampleStrategy === 'goss' && iteration >= Math.floor(1 / params.learningRate)
}

/** The largest factor of a row's gradients: fixed-point numbers have room for it. */
export function mostWeight(params: ResolvedParams, iteration: number, nRows: number): number {
  if (!isGoss(params, iteration)) return 1
  const { nOthers, nDrawn } = gossCounts(params, nRows)
  return nOthers / nDrawn
}

/**
 * The factor of each row's gradients in an iteration; 0 out of the bag.
 *
 * @param pairs - [output][row], in fixed-point units
 */
export function drawRows(
  params: ResolvedParams, iteration: number, data: BinnedDataset, pairs: readonly Pair[][],
): number[] {
  const rows = Array.from({ length: data.nRows }, (_, row) => row)
  if (params.dataSampleStrategy === 'goss') {
    if (!isGoss(params, iteration)) return rows.map(() => 1)
    const { nTop, nOthers, nDrawn } = gossCounts(params, data.nRows)
    const sizes = rows.map((row) => Math.fround(
      pairs.reduce((sum, own) => sum + Math.abs(own[row]![0]) * own[row]![1], 0)))
    const least = [...sizes].sort((a, b) => b - a)[nTop - 1]!
    const start = mixNumber(startHash(params.baggingSeed, Purpose.goss), iteration)
    const limit = fractionLimit(nDrawn / nOthers)
    return rows.map((row) => sizes[row]! >= least ? 1
      : rowDraw(start, row) < limit ? nOthers / nDrawn : 0)
  }
  const { baggingFreq, baggingFraction, baggingSeed } = params
  if (baggingFreq === 0) return rows.map(() => 1)
  const drawnAt = Math.floor(iteration / baggingFreq) * baggingFreq
  const start = mixNumber(startHash(baggingSeed, Purpose.bagging), drawnAt)
  const isByClass = params.posBaggingFraction < 1 || params.negBaggingFraction < 1
  return rows.map((row) => {
    const ofClass = data.label![row]! > 0 ? params.posBaggingFraction : params.negBaggingFraction
    const fraction = isByClass ? ofClass : baggingFraction
    return fraction === 1 || rowDraw(start, row) < fractionLimit(fraction) ? 1 : 0
  })
}
