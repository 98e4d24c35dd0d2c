/** JSON that people write: in it a key that comes twice is a slip, and a value would be lost. */

/** An object has a key twice. */
export class RepeatedKeyError extends SyntaxError {}

/** Texts, brackets and colons of a text that is JSON. */
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g

/**
 * As `JSON.parse`, but no object may have a key twice: `JSON.parse` keeps the last of them.
 *
 * @throws SyntaxError for what is no JSON; RepeatedKeyError naming the key and the line of the
 *   second one
 */
export function parseUniqueJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  /** Keys of the objects that are open, null for arrays; the innermost is the last. */
  const open: (Set<string> | null)[] = []
  let word = null as { readonly text: string, readonly at: number } | null
  for (const { 0: token, index } of text.matchAll(tokens)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(null)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':') addKey(open.at(-1)!, word!, text)
    else word = { text: token, at: index }
  }
  return value
}

function addKey(
  keys: Set<string> | null, word: { readonly text: string, readonly at: number }, text: string,
): void {
  // as it is read: "\u0061" is "a"
  const key = JSON.parse(word.text) as string
  if (keys!.has(key)) {
    const line = text.slice(0, word.at).split('\n').length
    throw new RepeatedKeyError(`the key ${JSON.stringify(key)} comes twice in one object, the ` +
      `second time in line ${line}; give it once`)
  }
  keys!.add(key)
}
