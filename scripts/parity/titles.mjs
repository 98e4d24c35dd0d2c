/** Titles of tests, as they are written in their files. */

const call = /\b(?:describe|it)\s*\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`([^`]*)`)/g

/**
 * Whether a file has a test, or a block of tests, of a title. A title with a blank, such as
 * `trains: ${name}`, is that of every text in its place that the file has in quotes or as a key;
 * the part before the first blank, such as `trains:`, is that of all.
 *
 * @param {string} text - of the file
 * @param {string} title
 */
export function hasTest(text, title) {
  for (const [, single, double, template] of text.matchAll(call)) {
    const written = single ?? double
    if (written !== undefined ? written.replace(/\\(.)/g, '$1') === title
      : isOfTemplate(template, title, text)) return true
  }
  return false
}

function isOfTemplate(template, title, text) {
  const fixed = template.split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/)
  if (fixed.length === 1) return template === title
  if (fixed.map((part) => part.trim()).find((part) => part !== '') === title.trim()) return true
  const pattern = new RegExp(`^${fixed.map(escapeRegExp).join('(.+)')}$`)
  const filled = pattern.exec(title)?.slice(1)
  return filled !== undefined && filled.every((value) =>
    [`'${value}'`, `"${value}"`, `\`${value}\``].some((quoted) => text.includes(quoted)) ||
    new RegExp(`(?:^|[\\s{,(])${escapeRegExp(value)}\\b`, 'm').test(text))
}

function escapeRegExp(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
