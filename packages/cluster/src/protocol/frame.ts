import { CoppiceError } from '@coppice/model'
import { ProtocolError } from './error.js'
import { FRAGMENT_BYTES, INCOMPLETE_MAX, MESSAGE_BYTES_MAX } from './limits.js'
import { PROTOCOL_VERSION } from './messages.js'
import { takeRoom } from './room.js'

/**
 * A frame is what travels as one WebSocket message: a header of 32 bytes, little-endian, and a
 * fragment of the payload.
 *
 *      0  4  magic, "COPF"
 *      4  4  CRC-32 of all that follows, or of its first CHECKED_HEAD_BYTES: see the flags
 *      8  2  version of the protocol
 *     10  2  flags: 1, the checksum is of the head only; else 0
 *     12  4  message id, unique among the incomplete messages of a connection
 *     16  4  index of the fragment, from 0
 *     20  4  number of fragments
 *     24  4  bytes of this fragment: FRAGMENT_BYTES, or less in the last one
 *     28  4  bytes of the whole payload
 *
 * Fragments of one message come in order; those of different messages may be mixed, so that a
 * heartbeat does not wait behind a large answer. The payload's length decides how many fragments
 * there are and how long each is: there is one way to cut a message. Magic, checksum and version
 * stay where they are in all versions, so that each can name the other.
 */
export const FRAME_HEADER_BYTES = 32

/** "COPF" as a little-endian word. */
const MAGIC = 0x46504f43

/**
 * What the checksum of a frame covers. 'head' is for packed sums, which have a faster one of their
 * own (wire/sum-checksum.ts) where they are packed and unpacked anyway: a second pass over all
 * their bytes, at 3 GB/s, would be a tenth of what a coordinator does.
 */
export type Checked = 'all' | 'head'

/** From the version on: headers of frame, message and sums, and a little more. */
export const CHECKED_HEAD_BYTES = 1024

const HEAD_ONLY = 1

/** CRC-32 (IEEE) as an unsigned integer, such as `crc32` of node:zlib. */
export type Crc32 = (bytes: Uint8Array) => number

/**
 * Cuts a payload into frames, to be sent in this order.
 *
 * @param id - any 32-bit integer that no incomplete message of the connection has
 * @returns frames of their own memory, or of that of the payload where there is room for a header;
 *   so the payload must not be changed afterwards
 * @throws CoppiceError 'MEMORY' for more than MESSAGE_BYTES_MAX
 */
export function encodeFrames(
  payload: Uint8Array, id: number, crc32: Crc32, checked: Checked = 'all',
): Uint8Array[] {
  if (payload.length > MESSAGE_BYTES_MAX) {
    throw new CoppiceError('MEMORY',
      `a message of ${payload.length} bytes was to be sent, but at most ${MESSAGE_BYTES_MAX} can ` +
      'be; use fewer or smaller partitions')
  }
  const nFragments = fragmentsOf(payload.length)
  return Array.from({ length: nFragments }, (_, index) => {
    const start = index * FRAGMENT_BYTES
    const fragment = payload.subarray(start, start + FRAGMENT_BYTES)
    const isWhole = nFragments === 1
    const frame = (isWhole ? takeRoom(payload, FRAME_HEADER_BYTES) : null) ?? copied(fragment)
    const view = new DataView(frame.buffer, frame.byteOffset)
    view.setUint32(0, MAGIC, true)
    view.setUint16(8, PROTOCOL_VERSION, true)
    view.setUint16(10, checked === 'head' ? HEAD_ONLY : 0, true)
    view.setUint32(12, id, true)
    view.setUint32(16, index, true)
    view.setUint32(20, nFragments, true)
    view.setUint32(24, fragment.length, true)
    view.setUint32(28, payload.length, true)
    view.setUint32(4, crc32(checkedBytes(frame, checked)), true)
    return frame
  })
}

function checkedBytes(frame: Uint8Array, checked: Checked): Uint8Array {
  return frame.subarray(8, checked === 'head' ? 8 + CHECKED_HEAD_BYTES : undefined)
}

/** A fragment behind a header to be written. */
function copied(fragment: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + fragment.length)
  frame.set(fragment, FRAME_HEADER_BYTES)
  return frame
}

function fragmentsOf(payloadBytes: number): number {
  return Math.max(1, Math.ceil(payloadBytes / FRAGMENT_BYTES))
}

interface Header {
  readonly id: number
  readonly index: number
  readonly nFragments: number
  readonly payloadBytes: number
}

/** Checks all of a frame that can be checked by itself. */
function readHeader(frame: Uint8Array, crc32: Crc32): Header {
  const damaged = (what: string): ProtocolError =>
    new ProtocolError('damaged', `a frame of ${frame.length} bytes ${what}`)
  if (frame.length < FRAME_HEADER_BYTES) throw damaged('is shorter than its header')
  if (frame.length > FRAME_HEADER_BYTES + FRAGMENT_BYTES) {
    throw new ProtocolError('limit', `a frame has ${frame.length} bytes; at most ` +
      `${FRAME_HEADER_BYTES + FRAGMENT_BYTES} are accepted`)
  }
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (view.getUint32(0, true) !== MAGIC) throw damaged('does not begin as one')
  const version = view.getUint16(8, true)
  const flags = view.getUint16(10, true)
  const checked = checkedBytes(frame, (flags & HEAD_ONLY) === 0 ? 'all' : 'head')
  if (crc32(checked) !== view.getUint32(4, true)) throw damaged('has a wrong checksum')
  if (version !== PROTOCOL_VERSION) {
    throw new ProtocolError('version', `a frame is of protocol version ${version}, this is ` +
      `version ${PROTOCOL_VERSION}; run the same version of Coppice everywhere`)
  }
  if ((flags & ~HEAD_ONLY) !== 0) throw damaged('has unknown flags')
  const index = view.getUint32(16, true)
  const nFragments = view.getUint32(20, true)
  const payloadBytes = view.getUint32(28, true)
  if (payloadBytes > MESSAGE_BYTES_MAX) {
    throw new ProtocolError('limit', `a message has ${payloadBytes} bytes; at most ` +
      `${MESSAGE_BYTES_MAX} are accepted`)
  }
  const nBytes = Math.min(FRAGMENT_BYTES, payloadBytes - index * FRAGMENT_BYTES)
  if (nFragments !== fragmentsOf(payloadBytes) || index >= nFragments ||
    nBytes !== frame.length - FRAME_HEADER_BYTES || nBytes !== view.getUint32(24, true)) {
    throw damaged(`does not fit its header: fragment ${index} of ${nFragments}, ` +
      `${view.getUint32(24, true)} of ${payloadBytes} bytes`)
  }
  return { id: view.getUint32(12, true), index, nFragments, payloadBytes }
}

interface Incomplete {
  readonly nFragments: number
  readonly payloadBytes: number
  readonly fragments: Uint8Array[]
}

/**
 * Puts the frames of one connection together again. Memory is only taken for bytes that have
 * arrived. After an error it refuses everything: close the connection.
 */
export class FrameAssembler {
  readonly #crc32: Crc32
  readonly #bytesMax: number
  readonly #incomplete = new Map<number, Incomplete>()
  #nBytes = 0
  #failure: ProtocolError | null = null

  /** @param incompleteBytesMax - most bytes of messages that are not complete */
  constructor(crc32: Crc32, incompleteBytesMax = MESSAGE_BYTES_MAX) {
    this.#crc32 = crc32
    this.#bytesMax = incompleteBytesMax
  }

  /** Bytes of messages that are not complete. */
  get incompleteBytes(): number {
    return this.#nBytes
  }

  /**
   * Takes the next frame of the connection; its bytes must not be changed afterwards.
   *
   * @returns the payload of the message that it completes (a view of the frame where it was the
   *   only one), or null
   * @throws ProtocolError
   */
  push(frame: Uint8Array): Uint8Array | null {
    if (this.#failure !== null) throw this.#failure
    try {
      return this.#take(readHeader(frame, this.#crc32), frame.subarray(FRAME_HEADER_BYTES))
    } catch (error) {
      if (error instanceof ProtocolError) {
        this.#failure = error
        this.#incomplete.clear()
        this.#nBytes = 0
      }
      throw error
    }
  }

  #take(header: Header, fragment: Uint8Array): Uint8Array | null {
    const { id, index, nFragments, payloadBytes } = header
    const started = this.#incomplete.get(id)
    const next = started?.fragments.length ?? 0
    if (index !== next || (started !== undefined &&
      (started.nFragments !== nFragments || started.payloadBytes !== payloadBytes))) {
      throw new ProtocolError('damaged',
        `fragment ${index} of ${nFragments} of message ${id} came where fragment ${next} of ` +
        `${started?.nFragments ?? nFragments} was due`)
    }
    if (nFragments === 1) return fragment
    if (next + 1 < nFragments) {
      this.#keep(header, started, fragment)
      return null
    }
    this.#incomplete.delete(id)
    this.#nBytes -= next * FRAGMENT_BYTES
    const payload = new Uint8Array(payloadBytes)
    started!.fragments.forEach((part, i) => payload.set(part, i * FRAGMENT_BYTES))
    payload.set(fragment, next * FRAGMENT_BYTES)
    return payload
  }

  #keep(header: Header, started: Incomplete | undefined, fragment: Uint8Array): void {
    if (this.#nBytes + fragment.length > this.#bytesMax) {
      throw new ProtocolError('limit', `incomplete messages have more than ${this.#bytesMax} bytes`)
    }
    this.#nBytes += fragment.length
    if (started !== undefined) {
      started.fragments.push(fragment)
      return
    }
    if (this.#incomplete.size === INCOMPLETE_MAX) {
      throw new ProtocolError('limit', `more than ${INCOMPLETE_MAX} messages are incomplete`)
    }
    const { nFragments, payloadBytes } = header
    this.#incomplete.set(header.id, { nFragments, payloadBytes, fragments: [fragment] })
  }
}
