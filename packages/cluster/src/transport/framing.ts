import { crc32 } from 'node:zlib'
import { type Checked, encodeFrames, FrameAssembler } from '../protocol/frame.js'

/** How a link cuts payloads into frames and puts them together again. */
export interface Framing {
  /** Frames of one payload, each at most `frameBytesMax` long. */
  encode(payload: Uint8Array, id: number, checked: Checked): Uint8Array[]
  /** A new assembler for one connection; `push` throws on what is no frame. */
  assembler(): { push(frame: Uint8Array): Uint8Array | null }
}

/** The frames of protocol/frame.ts, their checksums computed by zlib. */
export const wireFraming: Framing = {
  encode: (payload, id, checked) => encodeFrames(payload, id, crc32, checked),
  assembler: () => new FrameAssembler(crc32),
}
