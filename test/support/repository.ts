import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Absolute path of the repository: this file runs from test/dist/support. */
export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[/\\]$/, '')

/** Imports a script of the repository; the caller says what it exports. */
export async function importScript(file: string): Promise<unknown> {
  return import(pathToFileURL(path.join(root, 'scripts', file)).href)
}
