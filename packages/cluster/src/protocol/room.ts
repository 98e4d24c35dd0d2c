/**
 * Bytes with room in front of them, into which headers are put where the bytes are: what is large
 * is written to memory once, and sent from there.
 *
 * The room is used up from its end. Who has taken some of it owns the longer view that he got; a
 * second one who wants the same room gets none, and makes a copy.
 */

/** Room for the members of a message, and for the header of a frame. */
export const ROOM_BYTES = 1024

/** By memory: where its free bytes end. */
const freeEnds = new WeakMap<ArrayBufferLike, number>()

/** n bytes, 0, with ROOM_BYTES of room in front of them. */
export function bytesWithRoom(n: number): Uint8Array {
  const { buffer } = new Uint8Array(ROOM_BYTES + n)
  freeEnds.set(buffer, ROOM_BYTES)
  return new Uint8Array(buffer, ROOM_BYTES)
}

/**
 * Takes n bytes of the room in front of the bytes.
 *
 * @returns n bytes for the caller to write, and then the given ones, in one view of their memory;
 *   or null where there is no such room, or somebody has taken it
 */
export function takeRoom(bytes: Uint8Array, n: number): Uint8Array | null {
  const { buffer, byteOffset, length } = bytes
  if (freeEnds.get(buffer) !== byteOffset || n > byteOffset) return null
  freeEnds.set(buffer, byteOffset - n)
  return new Uint8Array(buffer, byteOffset - n, n + length)
}
