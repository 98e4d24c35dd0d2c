/**
 * The layers: which packages of this repository a package may depend on. Nothing points back.
 * packages/README.md draws the picture.
 */
export const layers = {
  model: [],
  engine: ['model'],
  plot: ['model'],
  tfjs: ['model'],
  testkit: ['engine', 'model'],
  data: ['engine', 'model'],
  cluster: ['data', 'engine', 'model'],
  api: ['cluster', 'data', 'engine', 'model', 'plot'],
  dashboard: ['cluster', 'plot'],
  coppice: ['api', 'dashboard'],
}

/** Packages without any run-time dependency from outside this repository. */
export const withoutDependencies = ['model', 'engine', 'plot']

/** Where files, sockets, clocks, timers and random numbers may be touched. */
const shells = [
  /^packages\/[^/]+\/src\/(node|threads|transport)\//,
  /^packages\/coppice\/src\//,
  /^packages\/dashboard\/src\/server\.ts$/,
]

/** True for the sources that may touch the world. */
export function isShell(path) {
  return shells.some((shell) => shell.test(path))
}

/** The one folder where the inexact functions of Math are built from exact arithmetic. */
export const mathDir = 'packages/model/src/math/'
