/**
 * What the architecture checks look at: plain data, so that a test can hand in a project of a few
 * lines with one fault planted in it.
 *
 * @typedef {{ path: string, text: string }} File - path from the root, forward slashes
 * @typedef {{ dir: string, manifest: object, srcReferences: string[], testReferences: string[] }}
 *   Package - references as written in the tsconfig.json files
 * @typedef {{ packages: Package[], rootManifest: object, rootReferences: string[],
 *   files: File[] }} Project
 * @typedef {{ rule: string, file: string, line: number, message: string }} Violation - line 0
 *   means the file as a whole
 */
import { existsSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { inRoot, listPackages, readJson, walk } from '../lib/paths.mjs'

const generated = [
  'packages/engine/src/kernels/wasm-binary.ts', 'packages/cluster/src/wire/wasm-binary.ts',
  'packages/model/src/predict/wasm-binary.ts', 'packages/data/src/formats/wasm-binary.ts',
]

/** Reads the repository. @returns {Project} */
export function readProject() {
  const packages = listPackages().map(({ dir, manifest }) => ({
    dir,
    manifest,
    srcReferences: references(`packages/${dir}/tsconfig.json`),
    testReferences: references(`packages/${dir}/test/tsconfig.json`),
  }))
  const files = ['packages', 'scripts', 'test'].flatMap((top) => walk(inRoot(top))
    .map((file) => `${top}/${file}`)
    .filter((file) => /\.(ts|mjs|cjs)$/.test(file) && !generated.includes(file))
    .map((file) => ({ path: file, text: readFileSync(inRoot(file), 'utf8') })))
  return {
    packages,
    rootManifest: readJson(inRoot('package.json')),
    rootReferences: references('tsconfig.json'),
    files,
  }
}

function references(file) {
  if (!existsSync(inRoot(file))) return []
  return (readJson(inRoot(file)).references ?? []).map((reference) => reference.path)
}

/**
 * Where a file belongs: package folder (null outside packages) and part ('src', 'test',
 * 'assembly', or for files outside packages the top-level folder).
 */
export function placeOf(path) {
  const parts = path.split('/')
  if (parts[0] !== 'packages') return { dir: null, part: parts[0] }
  return { dir: parts[1], part: parts[2] }
}

/** The files of one part of all packages. */
export function filesIn(project, part) {
  return project.files.filter((file) => {
    const place = placeOf(file.path)
    return place.dir !== null && place.part === part && file.path.endsWith('.ts')
  })
}

const parsed = new WeakMap()

/** The syntax tree of a file, with parents; parsed once. */
export function parse(file) {
  let tree = parsed.get(file)
  if (tree === undefined) {
    tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true)
    parsed.set(file, tree)
  }
  return tree
}

/** Calls `visit` for every node of a file's syntax tree. */
export function forEachNode(file, visit) {
  const descend = (node) => {
    visit(node)
    ts.forEachChild(node, descend)
  }
  descend(parse(file))
}

/** A violation at a node of the file's syntax tree. */
export function violationAt(file, node, rule, message) {
  const { line } = parse(file).getLineAndCharacterOfPosition(node.getStart())
  return { rule, file: file.path, line: line + 1, message }
}

/**
 * Every import and re-export of a file, static or dynamic, with its specifier; `typeOnly` ones
 * leave no trace in the JavaScript.
 */
export function importsOf(file) {
  const found = []
  forEachNode(file, (node) => {
    if (ts.isImportDeclaration(node)) {
      found.push({ node, specifier: node.moduleSpecifier.text,
        typeOnly: node.importClause?.isTypeOnly === true })
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      found.push({ node, specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly })
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
      && node.arguments[0] !== undefined && ts.isStringLiteralLike(node.arguments[0])) {
      found.push({ node, specifier: node.arguments[0].text, typeOnly: false })
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      found.push({ node, specifier: node.argument.literal.text, typeOnly: true })
    }
  })
  return found
}
