/** Files that are whole at any time. */
import { renameSync, writeFileSync } from 'node:fs'

/**
 * Writes a file so that there is the old text or the new one, whatever ends the process.
 * @param {string} file
 * @param {string} text
 */
export function replaceFile(file, text) {
  const unfinished = `${file}.tmp`
  writeFileSync(unfinished, text)
  renameSync(unfinished, file)
}
