/** Checks of the globals that sources use. */
import ts from 'typescript'
import { isShell, mathDir } from './layers.mjs'
import { filesIn, forEachNode, violationAt } from './project.mjs'

/** Members of Math whose results ECMAScript fixes to the bit, and the constants. */
const exactMath = new Set(['abs', 'floor', 'ceil', 'round', 'trunc', 'min', 'max', 'imul', 'fround',
  'sqrt', 'sign', 'clz32',
  'E', 'LN10', 'LN2', 'LOG10E', 'LOG2E', 'PI', 'SQRT1_2', 'SQRT2'])

/** Clocks, timers, randomness, environment: what a pure source is given, never takes. */
const impureGlobals = new Set(['process', 'console', 'performance', 'crypto', 'fetch',
  'setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate',
  'queueMicrotask', 'requestAnimationFrame', 'WebSocket', 'Worker', 'Buffer', 'require', 'Intl'])

/** Pure sources read no clock, set no timer, draw nothing at random and print nothing. */
export function checkPurity(project) {
  return filesIn(project, 'src').filter((file) => !isShell(file.path)).flatMap((file) => {
    const declared = declaredNames(file)
    const violations = []
    const report = (node, what) => violations.push(violationAt(file, node, 'purity',
      `pure source uses ${what}; take it as an argument`))
    forEachNode(file, (node) => {
      if (isMember(node, 'Math', 'random')) report(node, 'Math.random')
      else if (isMember(node, 'Date', 'now')) report(node, 'Date.now')
      else if (isClockDate(node)) report(node, 'the date of today')
      else if (ts.isPropertyAccessExpression(node) && node.name.text === 'localeCompare') {
        report(node, 'localeCompare, which depends on the machine\'s language')
      } else if (ts.isIdentifier(node) && impureGlobals.has(node.text) && isValue(node)
        && !declared.has(node.text)) {
        report(node, node.text)
      }
    })
    return violations
  })
}

/** Outside model/src/math no source uses functions of Math that engines may round differently. */
export function checkMath(project) {
  return filesIn(project, 'src').filter((file) => !file.path.startsWith(mathDir))
    .flatMap((file) => {
      const violations = []
      const report = (node, what) => violations.push(violationAt(file, node, 'math',
        `${what} may differ between machines; use the functions of ${mathDir}`))
      forEachNode(file, (node) => {
        if (isPower(node)) report(node, '**')
        if (!ts.isIdentifier(node) || node.text !== 'Math' || !isValue(node)) return
        const { parent } = node
        if (!ts.isPropertyAccessExpression(parent) || parent.expression !== node) {
          report(node, 'Math as a value (any of its functions)')
        } else if (!exactMath.has(parent.name.text) && parent.name.text !== 'random') {
          report(node, `Math.${parent.name.text}`)
        }
      })
      return violations
    })
}

function isPower(node) {
  return ts.isBinaryExpression(node)
    && (node.operatorToken.kind === ts.SyntaxKind.AsteriskAsteriskToken
      || node.operatorToken.kind === ts.SyntaxKind.AsteriskAsteriskEqualsToken)
}

function isMember(node, object, member) {
  return ts.isPropertyAccessExpression(node) && node.name.text === member
    && ts.isIdentifier(node.expression) && node.expression.text === object
}

/** `new Date()` and `Date()` read the clock; `new Date(ms)` does not. */
function isClockDate(node) {
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return false
  if (!ts.isIdentifier(node.expression) || node.expression.text !== 'Date') return false
  return ts.isCallExpression(node) || (node.arguments ?? []).length === 0
}

/** True where an identifier stands for a value, not for a member name, a key or a type. */
function isValue(node) {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isQualifiedName(parent) || ts.isTypeReferenceNode(parent)) return false
  if (ts.isBindingElement(parent)) return parent.initializer === node
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false
  const named = 'name' in parent && parent.name === node
  return !named || ts.isShorthandPropertyAssignment(parent)
}

/** Names that the file itself declares or imports, which hide the globals. */
function declaredNames(file) {
  const names = new Set()
  forEachNode(file, (node) => {
    const declares = ts.isVariableDeclaration(node) || ts.isParameter(node)
      || ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) || ts.isBindingElement(node)
      || ts.isImportSpecifier(node) || ts.isNamespaceImport(node) || ts.isImportClause(node)
    if (declares && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text)
  })
  return names
}
