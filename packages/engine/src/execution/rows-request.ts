import type { EngineRequest, EngineSetup, Expansion } from './protocol.js'

/**
 * What stores have to know of a request: they scan nothing, so rules and parameters of scans are
 * none of their business. Where there are none this is the request itself.
 */
export function rowsRequest(request: EngineRequest): EngineRequest {
  const isOfScans = request.kind === 'root' &&
    (request.rules !== undefined || request.scan !== undefined || request.scales !== undefined)
  if (isOfScans) {
    const { kind, output, bag, mask } = request
    return { kind, output, bag, mask }
  }
  if (request.kind === 'together') {
    const parts = request.parts.map((part) =>
      ({ lane: part.lane, request: rowsRequest(part.request) as typeof part.request }))
    return { kind: 'together', parts }
  }
  if (request.kind !== 'round') return request
  const { kind, expansions, released, rescans } = request
  if (request.elected !== undefined) {
    const elected = request.elected.map(({ node, totals, features }) =>
      ({ node, totals, features }))
    return { kind, expansions, released, elected }
  }
  const isPlain = rescans === undefined && expansions.every(({ rules }) => rules === undefined)
  return isPlain ? request : { kind, expansions: expansions.map(withoutRules), released }
}

function withoutRules(expansion: Expansion): Expansion {
  const { parent, left, right, feature, leftBins, leftTotals, rightTotals } = expansion
  const { leftMask, rightMask } = expansion
  return { parent, left, right, feature, leftBins, leftTotals, rightTotals, leftMask, rightMask }
}

/** What stores have to know of a setup: no more than of requests. */
export function rowsSetup(setup: EngineSetup): EngineSetup {
  if (setup.rules === undefined) return setup
  const { rules: _rules, ...plain } = setup
  return plain
}
