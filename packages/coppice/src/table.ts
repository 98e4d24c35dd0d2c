/**
 * A table as aligned text, a header and one line per row.
 * @param right - columns that are aligned to the right
 */
export function tableText(
  header: readonly string[], rows: readonly (readonly string[])[], right: readonly number[],
): string {
  const widths = header.map((name, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]!.length), name.length))
  return [header, ...rows].map((row) => row.map((cell, column) => right.includes(column)
    ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)).join('  ').trimEnd() + '\n')
    .join('')
}
