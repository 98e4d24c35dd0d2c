/**
 * A table of Markdown whose columns also line up where it is read as it is.
 *
 * @param {string[]} header
 * @param {string[][]} rows
 */
export function table(header, rows) {
  const widths = header.map((name, i) => Math.max(3, ...[[...header], ...rows]
    .map((cells) => `${cells[i]}`.length)))
  const line = (cells) => `| ${cells.map((cell, i) => `${cell}`.padEnd(widths[i])).join(' | ')} |`
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)]
    .join('\n')
}

/** The value below which a share of all lie; NaN of none. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN
}

/** Milliseconds as "1.23 s", or a dash. */
export function seconds(ms) {
  return Number.isNaN(ms) ? '-' : `${(ms / 1000).toFixed(2)} s`
}
