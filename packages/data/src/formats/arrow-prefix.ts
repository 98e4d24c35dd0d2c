/**
 * How long the prefix of an encapsulated message of Arrow is, and the header after it. Before Arrow
 * 0.15 the length of the header came without the mark of four 0xff.
 *
 * @param bytes - at least 8
 */
export function parsePrefix(bytes: Uint8Array): { nPrefix: number; nHeader: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isMarked = view.getUint32(0, true) === 0xffffffff
  const nPrefix = isMarked ? 8 : 4
  return { nPrefix, nHeader: view.getUint32(nPrefix - 4, true) }
}
