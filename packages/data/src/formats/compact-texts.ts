import type { StringChunk } from '../reader.js'

/** A chunk by itself: no text that does not occur, those that do in order of appearance. */
export function compactTexts({ codes, dictionary }: StringChunk): StringChunk {
  const codeOf = new Int32Array(dictionary.length).fill(-1)
  const used: string[] = []
  const own = codes.map((code) => {
    if (code < 0) return -1
    if (codeOf[code] === -1) codeOf[code] = used.push(dictionary[code]!) - 1
    return codeOf[code]!
  })
  return { type: 'string', codes: own, dictionary: used }
}
