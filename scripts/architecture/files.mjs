/** Checks of files by themselves. */
import ts from 'typescript'
import { filesIn, parse, placeOf, violationAt } from './project.mjs'

const maxLines = 400
const maxLineLength = 100
// Put together here, so that this file passes its own check.
const marks = ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK']
const unfinished = new RegExp(`\\b(${marks.join('|')})\\b`)

/** Files stay short enough to read in one go, and lines short enough to read side by side. */
export function checkLength(project) {
  return project.files.flatMap((file) => {
    const lines = file.text.split('\n')
    const count = lines.at(-1) === '' ? lines.length - 1 : lines.length
    const long = lines.flatMap((line, i) => line.length <= maxLineLength || /https?:\/\//.test(line)
      ? [] : [{ rule: 'length', file: file.path, line: i + 1,
        message: `${line.length} characters; a line has at most ${maxLineLength}` }])
    if (count <= maxLines) return long
    return [...long, { rule: 'length', file: file.path, line: 0,
      message: `${count} lines; a file has at most ${maxLines}: split it by concept` }]
  })
}

/** No marks of unfinished work: finish it or open an issue. */
export function checkUnfinished(project) {
  return project.files.flatMap((file) => file.text.split('\n').flatMap((line, i) => {
    const found = unfinished.exec(line)
    return found === null ? [] : [{ rule: 'unfinished', file: file.path, line: i + 1,
      message: `"${found[0]}" in the tree; finish it or open an issue` }]
  }))
}

/** Everything exported has a name. */
export function checkDefaultExports(project) {
  return project.files.filter(({ path }) => placeOf(path).part !== 'scripts').flatMap((file) =>
    parse(file).statements.filter(isDefaultExport).map((node) =>
      violationAt(file, node, 'default-exports', 'default export; export it by its name')))
}

function isDefaultExport(node) {
  if (ts.isExportAssignment(node)) return true
  if (ts.isExportDeclaration(node)) {
    return node.exportClause !== undefined && ts.isNamedExports(node.exportClause)
      && node.exportClause.elements.some((element) => element.name.text === 'default')
  }
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((modifier) =>
    modifier.kind === ts.SyntaxKind.DefaultKeyword)
}

/** index.ts is a table of contents: it re-exports and defines nothing. */
export function checkIndexFiles(project) {
  return filesIn(project, 'src').filter(({ path }) => path.endsWith('/index.ts')).flatMap((file) =>
    parse(file).statements.filter((node) => !ts.isExportDeclaration(node)).map((node) =>
      violationAt(file, node, 'index-files', 'index.ts only re-exports; move this to a file')))
}
