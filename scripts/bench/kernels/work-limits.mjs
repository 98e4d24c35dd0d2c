/**
 * What cannot be avoided of a work, as memory sees it.
 *
 * @typedef {import('./work.mjs').Work['limit']} Limit
 */

/**
 * Of works that read so many bytes of each of nUnits.
 *
 * @returns {Limit}
 */
export function reads(perUnit, nUnits, what = `${perUnit} bytes read`) {
  return { kind: 'read', perUnit, bytes: perUnit * nUnits, what }
}

/**
 * Of works that read so many, and write as many, or `written`.
 *
 * @returns {Limit}
 */
export function copies(read, nUnits, written = read) {
  return {
    kind: 'copy', perUnit: (read + written) / 2, bytes: Math.max(read, written) * nUnits,
    what: read === written ? `${read} bytes copied`
      : `${read} ${read === 1 ? 'byte' : 'bytes'} read, ${written} written`,
  }
}
