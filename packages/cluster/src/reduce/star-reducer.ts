import {
  asksForSums, type EngineAnswer, type EngineRequest, type EngineSetup, groupedFeatures,
  histogramsOf, isOfElected, LaneReducers, mergeMoments, mergeSelected, metricParts,
  type MetricPart, momentsFault, type MomentsPart, type MomentsRequest, type SelectPart,
  selectPartFault, type SelectRequest, type SumsRequest, tallyCounts, TravelLayouts,
} from '@coppice/engine'
import { assert } from '@coppice/model'
import type { RequestReducer } from '../coordinator/events.js'
import { ProtocolError } from '../protocol/error.js'
import type { AnswerPayload } from '../protocol/messages.js'
import { requireSealed } from '../wire/sealed-numbers.js'
import { type SumChunk, sumChunks } from '../wire/sum-chunks.js'
import { unpackMoments } from '../wire/pack-moments.js'
import { unpackSelection } from '../wire/pack-selection.js'
import { type TakeSums, unpackSums } from '../wire/unpack-sums.js'
import { SelectionInspector } from './inspect-selection.js'
import { SumsInspector } from './inspect-sums.js'

/**
 * The reducer of a star: all answers come to the coordinator, which adds them up. The other end
 * is `AnswerPacker`. Which answers count is not decided here, see Round.
 */
export class StarReducer implements RequestReducer {
  readonly #reducer: LaneReducers
  readonly #features: EngineSetup['features']
  readonly #layouts: TravelLayouts
  /** As bins of features in histograms that are no elected ones. */
  readonly #summed: EngineSetup['features']
  /** By name of a metric: what its parts are. */
  readonly #partKinds: ReadonlyMap<string, PartKind>
  #request: EngineRequest | null = null
  #chunks: readonly SumChunk[] = []
  #isWhole: boolean[] = []
  /** Chunks before the first that is not whole. */
  #nWhole = 0
  /** What the scan of the first histograms found: told when the answer is asked for. */
  #fault: Error | null = null
  #maximum = 0
  #counts = new Float64Array(0)
  #parts: MetricPart[] = []
  #selected: SelectPart[] = []
  #moments: MomentsPart[] = []
  /** What was seen of each store's answer; of elected features by leaf, having its own. */
  readonly #inspectors = new Map<string, SumsInspector>()
  readonly #selections = new SelectionInspector()

  /** @param reducer - of this setup */
  constructor(setup: EngineSetup, reducer = new LaneReducers(setup)) {
    this.#reducer = reducer
    this.#features = setup.features
    this.#layouts = new TravelLayouts(setup)
    this.#summed = setup.voting === undefined ? setup.features
      : groupedFeatures(setup.features).features
    this.#partKinds = partKinds(setup)
  }

  /** As RequestReducer; where no histogram travels a round has no chunks. */
  begin(request: EngineRequest): number {
    this.#request = request
    this.#chunks = []
    this.#isWhole = []
    this.#nWhole = 0
    this.#fault = null
    this.#maximum = 0
    this.#parts = []
    this.#selected = []
    this.#moments = []
    this.#inspectors.clear()
    switch (request.kind) {
      case 'tally':
        this.#counts = new Float64Array(tallyCounts(request))
        return 1
      case 'prepare':
      case 'evaluate':
      case 'select':
      case 'moments':
        return 1
      case 'gradients':
        this.#reducer.setUnits(request.gradientScale, request.hessianScale)
        return 0
      case 'root':
      case 'round':
      case 'together':
        if (request.kind === 'root') this.#selections.clear()
        this.#reducer.begin(request)
        this.#chunks = sumChunks(
          this.#layouts.of(request).nCells, histogramsOf(request).length)
        return this.#chunks.length
      case 'commit': return 0
    }
  }

  add(chunk: number, payload: AnswerPayload): void {
    const request = this.#request
    assert(request !== null, 'a request was begun')
    switch (request.kind) {
      case 'prepare': return this.#addMaximum(request.kind, chunk, payload)
      case 'tally': return this.#addCounts(request.kind, chunk, payload)
      case 'evaluate': return this.#addParts(request.kind, chunk, payload)
      case 'select': return this.#addSelected(request, chunk, payload)
      case 'moments': return this.#addMoments(request, chunk, payload)
      case 'root':
      case 'round':
      case 'together':
        return this.#addSums(request.kind, chunk, payload)
      case 'gradients':
      case 'commit':
        throw new ProtocolError('invalid',
          `"${payload.kind}" came as an answer to a ${request.kind} request, which has none`)
    }
  }

  #addMaximum(kind: string, chunk: number, payload: AnswerPayload): void {
    if (payload.kind !== 'maximum') throw wrongKind(kind, payload, 'maximum')
    requireChunk(kind, chunk, 1)
    requireSealed(payload)
    // NaN fails too; infinity is for the trainer to refuse, who says what to do
    if (!(payload.value >= 0)) {
      throw new ProtocolError('invalid', `the largest gradient is told to be ${payload.value}`)
    }
    this.#maximum = Math.max(this.#maximum, payload.value)
  }

  #addCounts(kind: string, chunk: number, payload: AnswerPayload): void {
    if (payload.kind !== 'counts') throw wrongKind(kind, payload, 'counts')
    requireChunk(kind, chunk, 1)
    requireSealed(payload)
    const { values } = payload
    const isSound = values.length === this.#counts.length &&
      values.every((value) => Number.isSafeInteger(value) && value >= 0)
    if (!isSound) throw new ProtocolError('invalid', 'what should be numbers of rows are none')
    values.forEach((value, i) => { this.#counts[i]! += value })
  }

  #addParts(kind: string, chunk: number, payload: AnswerPayload): void {
    if (payload.kind !== 'parts') throw wrongKind(kind, payload, 'parts')
    requireChunk(kind, chunk, 1)
    requireSealed(payload)
    for (const part of payload.parts) {
      const { metric } = part
      const wantedKind = this.#partKinds.get(metric)
      if (wantedKind === undefined) {
        const wanted = [...this.#partKinds.keys()].join(', ')
        throw new ProtocolError('invalid',
          `a part of metric "${metric}" came; asked for were ${wanted}`)
      }
      if (kindOfPart(part) !== wantedKind) {
        throw new ProtocolError('invalid', `a part of metric "${metric}" is not ${wantedKind}`)
      }
    }
    this.#parts.push(...payload.parts)
  }

  #addSelected(request: SelectRequest, chunk: number, payload: AnswerPayload): void {
    requireChunk(request.kind, chunk, 1)
    this.#selected.push(readSelected(request, payload))
  }

  #addMoments(request: MomentsRequest, chunk: number, payload: AnswerPayload): void {
    if (payload.kind !== 'moments') throw wrongKind(request.kind, payload, 'moments')
    requireChunk(request.kind, chunk, 1)
    const part = unpackMoments(payload.bytes)
    const fault = momentsFault(request, part)
    if (fault !== null) throw new ProtocolError('invalid', `sums of leaves are none: ${fault}`)
    this.#moments.push(part)
  }

  #addSums(kind: string, chunk: number, payload: AnswerPayload): void {
    this.#unpack(kind, chunk, payload, ({ histogram, firstCell }, planes) =>
      this.#reducer.add(histogram, firstCell, planes))
  }

  /** @throws ProtocolError where these are not the sums of that chunk: none is given out then */
  #unpack(kind: string, chunk: number, payload: AnswerPayload, take: TakeSums): void {
    if (payload.kind !== 'sums') throw wrongKind(kind, payload, 'sums')
    requireChunk(kind, chunk, this.#chunks.length)
    unpackSums(payload.bytes, this.#chunks[chunk]!, take)
  }

  /**
   * Scans the first histograms of a round while the last are waited for: they are added in some
   * order, but scanned in theirs.
   */
  complete(chunk: number): void {
    const request = this.#request
    if (request === null || !asksForSums(request) || this.#fault !== null) return
    this.#isWhole[chunk] = true
    const nBefore = this.#nWhole
    while (this.#isWhole[this.#nWhole] === true) this.#nWhole++
    const next = this.#chunks[this.#nWhole]
    // the last ones are the answer's
    if (this.#nWhole === nBefore || next === undefined) return
    try {
      this.#reducer.advance(next[0]!.histogram)
    } catch (error) {
      this.#fault = error instanceof Error ? error : new Error(String(error))
    }
  }

  inspect(store: number, chunk: number, payload: AnswerPayload): string | null {
    const request = this.#request
    if (request?.kind === 'select') return this.#inspectSelected(request, store, payload)
    if (request === null || !asksForSums(request)) return null
    let fault: string | null = null
    this.#unpack(request.kind, chunk, payload, (range, planes) => {
      fault ??= this.#inspector(request, store, range.histogram).inspect(range, planes)
    })
    // trees whose leaves are selections grow one by one, and elected features are of leaves known
    if (fault === null && request.kind !== 'together' && !isOfElected(request)) {
      this.#selections.learn(store, request, (histogram) =>
        this.#inspector(request, store, histogram).rowsOf(histogram))
    }
    return fault
  }

  /** @throws ProtocolError where it is none */
  #inspectSelected(request: SelectRequest, store: number, payload: AnswerPayload): string | null {
    const part = readSelected(request, payload)
    return this.#selections.inspect(store, request, part)
  }

  #inspector(request: SumsRequest, store: number, histogram: number): SumsInspector {
    const { sums, elected } = this.#layouts
    const leaf = request.kind === 'round' ? request.elected?.[histogram] : undefined
    const key = leaf === undefined ? `${store}` : `${store} ${histogram}`
    const known = this.#inspectors.get(key)
    if (known !== undefined) return known
    const inspector = leaf === undefined ? new SumsInspector(this.#summed, sums)
      : new SumsInspector(leaf.features.map((f) => this.#features[f]!), {
        nCells: elected!.nCells,
        cellOffsets: Int32Array.from(leaf.features, (_, i) => i * elected!.featureCells),
      })
    this.#inspectors.set(key, inspector)
    return inspector
  }

  /**
   * As RequestReducer.
   *
   * @throws CoppiceError 'INTERNAL' when histograms, what is selected, or sums of linear leaves
   *   do not add up to their leaves
   */
  finish(): EngineAnswer {
    const request = this.#request
    assert(request !== null, 'a request was begun')
    if (this.#fault !== null) throw this.#fault
    switch (request.kind) {
      case 'prepare': return this.#maximum
      case 'tally': return this.#counts
      case 'evaluate': return this.#parts
      case 'select': return mergeSelected(request, this.#selected)
      case 'moments': return mergeMoments(request, this.#moments)
      case 'root': return this.#reducer.finishRoot(request)
      case 'round': return this.#reducer.finishRound(request)
      case 'together': return this.#reducer.finishTogether(request)
      case 'gradients':
      case 'commit':
        return null
    }
  }
}

type PartKind = 'a sum' | 'ranked scores' | 'scores with times'

/** What a part is; null where it is several things, or nothing. */
function kindOfPart(
  { sum, ranked, timed }: Pick<MetricPart, 'sum' | 'ranked' | 'timed'>,
): PartKind | null {
  if (timed !== undefined) return sum === null && ranked === null ? 'scores with times' : null
  if (ranked !== null) return sum === null ? 'ranked scores' : null
  return sum === null ? null : 'a sum'
}

/** @throws ProtocolError where it is no selection */
function readSelected(request: SelectRequest, payload: AnswerPayload): SelectPart {
  if (payload.kind !== 'selected') throw wrongKind(request.kind, payload, 'selected')
  const part = unpackSelection(request, payload.bytes)
  const fault = selectPartFault(request, part)
  if (fault !== null) throw new ProtocolError('invalid', `a selection is none: ${fault}`)
  return part
}

/** What the parts of each metric are, seen at those of no rows. */
function partKinds({ metrics, objective, nOutputs }: EngineSetup): Map<string, PartKind> {
  const nothing = new Float64Array(0)
  const scores = Array.from({ length: nOutputs }, () => nothing)
  return new Map(metrics.map((metric) => {
    const parts = metricParts(metric, objective.objective, scores, nothing, null)
    return [metric.name, kindOfPart(parts[0]!)!]
  }))
}

function wrongKind(
  request: string, payload: AnswerPayload, expected: AnswerPayload['kind'],
): ProtocolError {
  return new ProtocolError('invalid',
    `"${payload.kind}" came as an answer to a ${request} request; "${expected}" was due`)
}

function requireChunk(request: string, chunk: number, nChunks: number): void {
  if (Number.isInteger(chunk) && chunk >= 0 && chunk < nChunks) return
  throw new ProtocolError('invalid',
    `chunk ${chunk} came as an answer to a ${request} request, which has ${nChunks}`)
}
