/**
 * The candidate nearest to a misspelt name: the fewest insertions, deletions, replacements and
 * swaps of neighbours, at most a third of the name's length; null where none is near. Names of
 * one or two letters are near only to those that differ by case.
 */
export function nearestName(name: string, candidates: readonly string[]): string | null {
  let best: string | null = null
  // Among names this short, one edit makes any of another.
  let bestDistance = name.length <= 2 ? 1 : Math.floor(name.length / 3) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** A list of names for a message, cut after `limit` names. */
export function listNames(names: readonly string[], limit = 20): string {
  if (names.length === 0) return 'none'
  const shown = names.slice(0, limit).map((name) => `'${name}'`)
  const rest = names.length - shown.length
  return shown.join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

/** What to say when a file's only column looks like several; '' otherwise. */
export function separatorHint(names: readonly string[]): string {
  const separator = names.length !== 1 ? undefined
    : [';', '\t', '|'].find((candidate) => names[0]!.includes(candidate))
  if (separator === undefined) return ''
  return separator === '\t'
    ? '; the file seems to be separated by tabs: read it as tsv (format)'
    : `; the file seems to be separated by '${separator}': write it with commas or tabs`
}

/**
 * What to say of columns that are all called by their place, as those of text without a header are:
 * a first line that holds a number is taken for data; '' otherwise.
 */
export function headerHint(names: readonly string[]): string {
  const isNumbered = names.length > 0 && names.every((name, i) => name === `Column_${i}`)
  return !isNumbered ? '' : '; files without a header have these names, and so have CSV and TSV ' +
    'whose first line holds a number: if it is a header, set header to true (--header true)'
}

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let distance = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, beforeLast[j - 2]! + 1)
      }
      row.push(distance)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
