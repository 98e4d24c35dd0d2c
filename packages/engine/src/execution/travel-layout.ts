import { SUM_BYTES } from '../kernels/api.js'
import type { EngineRequest, EngineSetup } from './protocol.js'
import { sumsLayout, type SumsLayout } from './sums-layout.js'
import { groupedFeatures } from './voting.js'

/** Where features are in the histograms of elected ones: each has as many cells. */
export type ElectedLayout = Omit<SumsLayout, 'cellOffsets'> & { readonly featureCells: number }

/**
 * Layouts of the histograms that stores answer requests with: of all features; where features are
 * elected first of their groups of bins, then of those elected, one after the other.
 */
export class TravelLayouts {
  readonly sums: SumsLayout
  readonly elected: ElectedLayout | null

  constructor({ features, voting }: Pick<EngineSetup, 'features' | 'voting'>) {
    this.sums = sumsLayout(voting === undefined ? features : groupedFeatures(features).features)
    this.elected = voting === undefined ? null : electedLayout(features, voting.nElected)
  }

  /** Of the histograms of a request. */
  of(request: EngineRequest): Pick<SumsLayout, 'nCells' | 'nBytes'> {
    return isOfElected(request) ? this.elected! : this.sums
  }

  /** Most bytes of the histograms of a round. */
  roundBytesMax(maxExpansions: number): number {
    const elected = this.elected === null ? 0 : 2 * maxExpansions * this.elected.nBytes
    return Math.max(maxExpansions * this.sums.nBytes, elected)
  }
}

/** Whether a request asks for sums of features that were elected. */
export function isOfElected(request: EngineRequest): boolean {
  return request.kind === 'round' && request.elected !== undefined
}

function electedLayout(features: EngineSetup['features'], nElected: number): ElectedLayout {
  const widest = features.reduce((most, { nBins }) => Math.max(most, nBins), 1)
  const featureCells = (widest + 3) & ~3
  const nCells = featureCells * nElected
  return { featureCells, nCells, nBytes: nCells * SUM_BYTES }
}
