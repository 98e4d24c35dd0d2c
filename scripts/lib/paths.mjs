import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Absolute path of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '')

/** Git-ignored folder for stamps, caches and test reports. */
export const stateDir = path.join(root, '.setup')

/** Absolute path of a file of the repository. */
export function inRoot(...parts) {
  return path.join(root, ...parts)
}

/** Parses a JSON file of the repository. */
export function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** The workspaces, ascending by folder name: `{ dir: 'engine', manifest }`. */
export function listPackages() {
  return readdirSync(inRoot('packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((dir) => existsSync(inRoot('packages', dir, 'package.json')))
    .sort()
    .map((dir) => ({ dir, manifest: readJson(inRoot('packages', dir, 'package.json')) }))
}

/**
 * Files below a folder, as sorted paths relative to it with forward slashes; none when it does
 * not exist. Folders named in `skip` are not entered.
 */
export function walk(dir, skip = ['node_modules', 'dist']) {
  if (!existsSync(dir)) return []
  const files = []
  const visit = (relative) => {
    for (const entry of readdirSync(path.join(dir, relative), { withFileTypes: true })) {
      const name = relative === '' ? entry.name : `${relative}/${entry.name}`
      if (entry.isDirectory()) {
        if (!skip.includes(entry.name)) visit(name)
      } else {
        files.push(name)
      }
    }
  }
  visit('')
  return files.sort()
}
