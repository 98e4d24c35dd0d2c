/** Checks of what users see: everything that the package `coppice` exports. */
import path from 'node:path'
import ts from 'typescript'
import { parse, violationAt } from './project.mjs'

/** What people install re-exports all that is public. */
const entry = 'packages/coppice/src/index.ts'

/** Every public function, class, type and constant, and every method of a class, is explained. */
export function checkPublicDocs(project) {
  const files = new Map(project.files.map((file) => [file.path, file]))
  return [...publicDeclarations(files, entry).values()].flatMap(({ file, node }) => {
    const shown = ts.isVariableDeclaration(node) ? node.parent.parent : node
    const own = isExplained(shown) ? [] : [undocumented(file, node, node.name.text)]
    if (!ts.isClassDeclaration(node)) return own
    const members = node.members.filter(isPublic)
    // of several signatures one is enough
    const explained = new Set(members.filter(isExplained).map(({ name }) => name.getText()))
    return [...own, ...members.filter(({ name }) => !explained.has(name.getText()))
      .map((member) => undocumented(file, member, `${node.name.text}.${member.name.getText()}`))]
  })
}

function undocumented(file, node, name) {
  return violationAt(file, node, 'public-docs',
    `${name} is public and has no doc comment: say what it is; shapes, units, errors`)
}

/** A doc comment of some words stands before it. */
function isExplained(node) {
  const comment = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc)
  if (comment === undefined) return false
  const text = ts.getTextOfJSDocComment(comment.comment) ?? ''
  // of a getter or a small method what it throws or returns may be all there is to say
  return text.trim().split(/\s+/).length > 1 || (comment.tags ?? []).length > 0
}

/** What a constructor takes is explained by its class. */
function isPublic(member) {
  if (ts.isConstructorDeclaration(member) || ts.isClassStaticBlockDeclaration(member)) return false
  if (member.name === undefined || ts.isPrivateIdentifier(member.name)) return false
  // that of an overridden method is the overridden one's
  const hidden = [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword,
    ts.SyntaxKind.OverrideKeyword]
  return !(ts.getModifiers(member) ?? []).some(({ kind }) => hidden.includes(kind))
}

/** By name as it is exported: where it is declared. */
function publicDeclarations(files, start) {
  const found = new Map()
  const file = files.get(start)
  if (file === undefined) return found
  for (const node of parse(file).statements) {
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      const target = resolve(start, node.moduleSpecifier.text)
      const all = publicDeclarations(files, target)
      if (node.exportClause === undefined) {
        for (const [name, declaration] of all) found.set(name, declaration)
      } else if (ts.isNamedExports(node.exportClause)) {
        for (const { name, propertyName } of node.exportClause.elements) {
          const declaration = all.get((propertyName ?? name).text)
          if (declaration !== undefined) found.set(name.text, declaration)
        }
      }
    } else {
      for (const own of exportedHere(node)) found.set(own.name.text, { file, node: own })
    }
  }
  return found
}

/** The declarations of a statement that exports them itself. */
function exportedHere(node) {
  const isExported = ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? [])
    .some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  if (!isExported) return []
  if (ts.isVariableStatement(node)) return node.declarationList.declarations
  return node.name === undefined ? [] : [node]
}

function resolve(from, specifier) {
  if (specifier.startsWith('.')) {
    return path.posix.join(path.posix.dirname(from), specifier.replace(/\.js$/, '.ts'))
  }
  const [, dir, ...rest] = specifier.split('/')
  return path.posix.join('packages', dir, 'src', ...rest, 'index.ts')
}
