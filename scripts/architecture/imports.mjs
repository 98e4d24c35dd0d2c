/** Checks of what imports what. */
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { isShell } from './layers.mjs'
import { filesIn, importsOf, placeOf, violationAt } from './project.mjs'

/** Packages that only shells may use: they open sockets or start threads. */
const shellPackages = ['ws']

/** Sources import declared dependencies only, and of them only what their `exports` offer. */
export function checkImports(project) {
  return [...filesIn(project, 'src'), ...filesIn(project, 'test')].flatMap((file) => {
    const { dir, part } = placeOf(file.path)
    const self = project.packages.find((each) => each.dir === dir)
    if (self === undefined) return []
    return importsOf(file).flatMap(({ node, specifier }) => {
      const message = specifier.startsWith('.')
        ? relativeFault(file.path, part, specifier)
        : packageFault(project, self, part, specifier)
      return message === null ? [] : [violationAt(file, node, 'imports', message)]
    })
  })
}

function relativeFault(from, part, specifier) {
  const target = resolve(from, specifier)
  const place = placeOf(target)
  if (place.dir !== placeOf(from).dir) {
    return `"${specifier}" leaves the package; import the package by its name`
  }
  if (part === 'src' && place.part !== 'src') {
    return `"${specifier}" leaves src; sources do not need tests`
  }
  return /\.js(on)?$/.test(specifier) ? null : `"${specifier}" has to end in .js`
}

function packageFault(project, self, part, specifier) {
  if (isBuiltin(specifier)) return null // A matter of purity.
  const name = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
  const declared = allowedPackages(project, self, part)
  if (!declared.includes(name)) {
    return `${self.manifest.name} does not depend on "${name}" (package.json)`
  }
  const target = project.packages.find((each) => each.manifest.name === name)
  const entry = `.${specifier.slice(name.length)}`
  if (target !== undefined && !(entry in target.manifest.exports)) {
    return `"${specifier}" reaches into ${name}; import what its package.json exports`
  }
  return null
}

function allowedPackages(project, { manifest }, part) {
  const own = ['dependencies', 'optionalDependencies', 'peerDependencies']
    .flatMap((kind) => Object.keys(manifest[kind] ?? {}))
  if (part === 'src') return own
  return [...own, '@coppice/testkit', ...Object.keys(manifest.devDependencies ?? {}),
    ...Object.keys(project.rootManifest.devDependencies ?? {})]
}

/** Pure sources import no built-in of Node, no sockets and no shell of their own package. */
export function checkPureImports(project) {
  return filesIn(project, 'src').filter((file) => !isShell(file.path)).flatMap((file) =>
    importsOf(file).flatMap(({ node, specifier, typeOnly }) => {
      if (isBuiltin(specifier) || shellPackages.includes(specifier)) {
        return [violationAt(file, node, 'pure-imports',
          `pure source imports "${specifier}"; only node/, threads/ and transport/ may`)]
      }
      const target = specifier.startsWith('.') ? resolve(file.path, specifier) : null
      if (target === null || typeOnly || !isShell(target)) return []
      return [violationAt(file, node, 'pure-imports',
        `pure source imports the shell "${specifier}"; have it passed in`)]
    }))
}

/** No file imports itself through others, not even for types. */
export function checkCycles(project) {
  const files = filesIn(project, 'src')
  const byPath = new Map(files.map((file) => [file.path, file]))
  const targets = new Map(files.map((file) => [file.path, importsOf(file)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier }) => resolve(file.path, specifier))
    .filter((target) => byPath.has(target))]))
  const done = new Set()
  const trail = []
  const violations = []
  const visit = (file) => {
    const at = trail.indexOf(file)
    if (at >= 0) {
      const cycle = [...trail.slice(at), file].map((each) => path.posix.basename(each))
      violations.push({ rule: 'cycles', file, line: 0,
        message: `imports itself: ${cycle.join(' -> ')}` })
      return
    }
    if (done.has(file)) return
    trail.push(file)
    for (const target of targets.get(file)) visit(target)
    trail.pop()
    done.add(file)
  }
  for (const { path: file } of files) visit(file)
  return violations
}

/** The source file that a relative specifier means. */
function resolve(from, specifier) {
  return path.posix.join(path.posix.dirname(from), specifier).replace(/\.js$/, '.ts')
}
