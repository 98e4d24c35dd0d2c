import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for the tests of a suite; it is removed after them. */
export function useTempFolder(): (...parts: string[]) => string {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'coppice-data-'))
  })
  after(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return (...parts) => join(folder, ...parts)
}
