import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ioError, makeFolder } from '@coppice/data/node'

/** A text file that lines are added to; each is on the disk before the next. */
export class AppendFile {
  readonly #path: string
  readonly #handle: FileHandle

  private constructor(path: string, handle: FileHandle) {
    this.#path = path
    this.#handle = handle
  }

  /**
   * @param keptBytes - what of the file is kept: behind it there may be a line that was torn
   * @throws CoppiceError 'IO' naming the path
   */
  static async open(path: string, keptBytes: number): Promise<AppendFile> {
    try {
      await makeFolder(dirname(path))
      const handle = await open(path, 'a')
      await handle.truncate(keptBytes)
      return new AppendFile(path, handle)
    } catch (error) {
      throw ioError(`cannot write ${path}`, error)
    }
  }

  /** Adds a line and waits for the disk. @throws CoppiceError 'IO' naming the path */
  async add(line: string): Promise<void> {
    try {
      await this.#handle.appendFile(`${line}\n`)
      await this.#handle.sync()
    } catch (error) {
      throw ioError(`cannot write ${this.#path}`, error)
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
