/**
 * The times at which events happened, which the risk sets of Cox regression are told apart by.
 * Labels are XGBoost's: |label| is the time, and an event where the label is above 0; below 0 the
 * row was last seen then (it is censored).
 */
import { assert, CoppiceError } from '../errors.js'

/** Most distinct times of events: their sums and tables travel in each iteration. */
export const EVENT_TIMES_MAX = 1_048_576

/** Distinct times of events, ascending, and how many events happened at each. Plain data. */
export interface EventTimes {
  readonly times: Float64Array
  readonly counts: Float64Array
}

/** The events among labels. O(n log n). */
export function eventTimesOf(labels: Float64Array): EventTimes {
  const times = labels.filter((label) => label > 0).sort()
  return countEqual(times)
}

/** Those of all rows from those of disjoint parts of them: the same for any cut and order. */
export function mergeEventTimes(parts: readonly EventTimes[]): EventTimes {
  const [first] = parts
  if (parts.length === 1) return first!
  const n = parts.reduce((sum, { times }) => sum + times.length, 0)
  const all = new Float64Array(n)
  let at = 0
  for (const { times } of parts) {
    all.set(times, at)
    at += times.length
  }
  const { times } = countEqual(all.sort())
  const counts = new Float64Array(times.length)
  for (const part of parts) {
    let place = 0
    part.times.forEach((time, i) => {
      while (times[place]! < time) place++
      counts[place]! += part.counts[i]!
    })
  }
  return { times, counts }
}

/** @param sorted - ascending */
function countEqual(sorted: Float64Array): EventTimes {
  const times = new Float64Array(sorted.length)
  const counts = new Float64Array(sorted.length)
  let n = 0
  for (const time of sorted) {
    if (n === 0 || times[n - 1] !== time) times[n++] = time
    counts[n - 1]!++
  }
  return { times: times.slice(0, n), counts: counts.slice(0, n) }
}

/**
 * What a training on these events is planned with.
 * @throws CoppiceError 'DATA' where there are none, or more times than EVENT_TIMES_MAX
 */
export function requireEvents(events: EventTimes | undefined): EventTimes {
  assert(events !== undefined, 'the summary of the rows has the times of events')
  const n = events.times.length
  if (n === 0) {
    throw new CoppiceError('DATA',
      'no label is above 0: all rows are censored, and objective "cox" compares rows in which an ' +
      'event happened with those that were still there; labels are times, ' +
      'with a minus before those at which a row was last seen')
  }
  if (n > EVENT_TIMES_MAX) {
    throw new CoppiceError('DATA',
      `events happened at ${n} different times, and objective "cox" takes ${EVENT_TIMES_MAX} at ` +
      'most; round the times (to days, say), or use objective = aft')
  }
  return events
}

/**
 * Of each row the index of the last event that it was there for, or -1: that of the largest time
 * up to its own.
 */
export function placesOf(labels: Float64Array, times: Float64Array): Int32Array {
  return Int32Array.from(labels, (label) => {
    const time = Math.abs(label)
    let low = 0
    let high = times.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (times[middle]! <= time) low = middle + 1
      else high = middle
    }
    return low - 1
  })
}
