/** Checks of package.json and tsconfig.json files. */
import { layers, withoutDependencies } from './layers.mjs'

const kinds = ['dependencies', 'devDependencies', 'optionalDependencies']

/** Every dependency names one exact version (peers may name a range). */
export function checkPinnedVersions(project) {
  const manifests = [['package.json', project.rootManifest],
    ...project.packages.map(({ dir, manifest }) => [`packages/${dir}/package.json`, manifest])]
  return manifests.flatMap(([file, manifest]) => kinds.flatMap((kind) =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => violation('pinned-versions', file,
        `${kind}: ${name} is "${version}"; give one exact version, such as 1.2.3`))))
}

/** Dependencies between packages follow the layers. */
export function checkLayers(project) {
  return project.packages.flatMap(({ dir, manifest }) => {
    const file = `packages/${dir}/package.json`
    const allowed = layers[dir]
    if (allowed === undefined) {
      return [violation('layers', file,
        `package ${dir} has no layer; give it one in scripts/architecture/layers.mjs`)]
    }
    return internalDependencies(project, manifest).filter((name) => !allowed.includes(name))
      .map((name) => violation('layers', file,
        `${dir} depends on ${name}; its layer allows ${allowed.join(', ') || 'none'}`))
  })
}

/** Model, engine and plot run without any package from outside. */
export function checkNoDependencies(project) {
  return project.packages.filter(({ dir }) => withoutDependencies.includes(dir))
    .flatMap(({ dir, manifest }) => {
      const internal = new Set(project.packages.map((each) => each.manifest.name))
      return [...kinds, 'peerDependencies'].flatMap((kind) => Object.keys(manifest[kind] ?? {}))
        .filter((name) => !internal.has(name))
        .map((name) => violation('no-dependencies', `packages/${dir}/package.json`,
          `${dir} depends on ${name}; it is to have no dependency`))
    })
}

/** TypeScript builds what package.json says, in that order. */
export function checkReferences(project) {
  const known = project.packages.map(({ dir }) => dir)
  const violations = project.packages.flatMap((each) => {
    const { dir, manifest, srcReferences, testReferences } = each
    const internal = internalDependencies(project, manifest)
    const src = compare(`packages/${dir}/tsconfig.json`,
      internal.map((name) => `../${name}`), srcReferences)
    const kit = dir === 'testkit' || !known.includes('testkit') ? [] : ['testkit']
    const test = compare(`packages/${dir}/test/tsconfig.json`,
      ['..', ...[...internal, ...kit].map((name) => `../../${name}`)], testReferences)
    return [...src, ...test]
  })
  const all = known.flatMap((dir) => [`packages/${dir}`, `packages/${dir}/test`])
  return [...violations, ...compare('tsconfig.json', [...all, 'test'], project.rootReferences)]
}

function compare(file, wanted, found) {
  const missing = wanted.filter((reference) => !found.includes(reference))
  const extra = found.filter((reference) => !wanted.includes(reference))
  return [
    ...missing.map((reference) => violation('references', file,
      `reference "${reference}" is missing; references equal the dependencies in package.json`)),
    ...extra.map((reference) => violation('references', file,
      `reference "${reference}" is no dependency in package.json`)),
  ]
}

/** Folders of the packages of this repository that a manifest depends on. */
export function internalDependencies(project, manifest) {
  const dirs = new Map(project.packages.map((each) => [each.manifest.name, each.dir]))
  return [...kinds, 'peerDependencies'].flatMap((kind) => Object.keys(manifest[kind] ?? {}))
    .filter((name) => dirs.has(name)).map((name) => dirs.get(name))
}

function violation(rule, file, message) {
  return { rule, file, line: 0, message }
}
