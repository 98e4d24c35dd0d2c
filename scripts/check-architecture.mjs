/**
 * The rules of the architecture that a machine can hold: layers, purity, portable arithmetic,
 * no cycles, small files. Each check is a function from a project to its violations;
 * test/architecture.test.ts plants a fault for each.
 */
import { pathToFileURL } from 'node:url'
import {
  checkDefaultExports, checkIndexFiles, checkLength, checkUnfinished,
} from './architecture/files.mjs'
import { checkCycles, checkImports, checkPureImports } from './architecture/imports.mjs'
import {
  checkLayers, checkNoDependencies, checkPinnedVersions, checkReferences,
} from './architecture/manifests.mjs'
import { readProject } from './architecture/project.mjs'
import { checkPublicDocs } from './architecture/public.mjs'
import { checkMath, checkPurity } from './architecture/purity.mjs'

const checks = [
  checkPinnedVersions, checkLayers, checkNoDependencies, checkReferences,
  checkImports, checkPureImports, checkCycles,
  checkPurity, checkMath,
  checkLength, checkUnfinished, checkDefaultExports, checkIndexFiles,
  checkPublicDocs,
]

/**
 * Runs every check.
 *
 * @param {import('./architecture/project.mjs').Project} project - the repository unless given
 * @returns {import('./architecture/project.mjs').Violation[]} by file and line
 */
export function checkArchitecture(project = readProject()) {
  return checks.flatMap((check) => check(project)).sort((a, b) =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const violations = checkArchitecture()
  for (const { rule, file, line, message } of violations) {
    console.log(`${file}${line > 0 ? `:${line}` : ''}  ${message}  [${rule}]`)
  }
  console.log(`architecture: ${violations.length} violations`)
  if (violations.length > 0) process.exitCode = 1
}
