import { readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Environment variables for a process that `cluster-preload.ts` is loaded into. */
export const controlsVariable = 'COPPICE_CHAOS_CONTROLS'
export const nameVariable = 'COPPICE_CHAOS_NAME'

const preload = fileURLToPath(new URL('./cluster-preload.js', import.meta.url))

/** Option of node that loads it. */
export const preloadFlag = `--import ${pathToFileURL(preload).href}`

export function clockFile(name: string): string {
  return `${name}.clock`
}

export function isDeadly(file: string): boolean {
  return file.startsWith('deadly-')
}

/** The folder that says what is to happen inside of processes. */
export class Controls {
  readonly folder: string

  /** @param folder - exists */
  constructor(folder: string) {
    this.folder = folder
  }

  /** Clocks of a process are ahead by so much from now on. */
  async setClock(name: string, offsetMs: number): Promise<void> {
    await writeFile(path.join(this.folder, clockFile(name)), `${offsetMs}`)
  }

  /** The next `n` processes that open a file of this folder for reading die of it. */
  async makeDeadly(folder: string, n: number): Promise<void> {
    for (let i = 0; i < n; i++) await writeFile(path.join(this.folder, `deadly-${i}`), folder)
  }

  /** How many are still to die. */
  async deathsLeft(): Promise<number> {
    return (await readdir(this.folder)).filter(isDeadly).length
  }

  async endDying(): Promise<void> {
    for (const name of (await readdir(this.folder)).filter(isDeadly)) {
      await rm(path.join(this.folder, name), { force: true })
    }
  }
}
