import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { decodeRequest } from '../execution/request-codec.js'
import { Gate, PeerFailed } from './gate.js'
import {
  COMMAND_BYTES, ReducerCommand, type ReducerThreadStart, type ToReducerThread,
} from './reducer-messages.js'
import { ReducerShare } from './reducer-share.js'

/** A helper of a ReducerPool: carries requests out on its share of the features. */
function serve({ thread, nThreads, control }: ReducerThreadStart): void {
  const gate = new Gate(control, nThreads)
  let share: ReducerShare | null = null
  let mailbox = new SharedArrayBuffer(0)
  parentPort!.postMessage('ready')
  try {
    for (let seen = 0; ; seen++) {
      gate.awaitPost(seen)
      if (gate.length === 0) {
        const { message } = receiveMessageOnPort(parentPort!) as { message: ToReducerThread }
        share = new ReducerShare(message.setup, message.buffers, thread, nThreads)
        mailbox = message.buffers.mailbox
      } else if (new Int32Array(mailbox, 0, 1)[0] === ReducerCommand.restore) share!.restore()
      else {
        share!.carryOut(decodeRequest(
          new Uint8Array(mailbox, COMMAND_BYTES, gate.length - COMMAND_BYTES)))
      }
      gate.finish()
    }
  } catch (error) {
    gate.fail()
    // uncaught, it ends the thread and is told
    if (!(error instanceof PeerFailed)) throw error
  }
}

serve(workerData as ReducerThreadStart)
