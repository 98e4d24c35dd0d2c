import { sha256, toHex } from '@coppice/model'
import { CoppiceError } from '../errors.js'
import { placeOf } from './define.js'
import type { CodeModule, CodeRef } from './types.js'

/** What modules export, by key, in this thread. */
const loaded = new Map<string, Readonly<Record<string, unknown>>>()

let nInline = 0

/** Keys of what is of this process alone. */
export function isInline({ key }: Pick<CodeRef, 'key'>): boolean {
  return key.startsWith('inline:')
}

/** A module of the user's from its bytes, with its hash. */
export function codeModule(file: string, source: string): CodeModule {
  return { key: toHex(sha256(new TextEncoder().encode(source))), file, source }
}

/**
 * Takes a function or an object of this process, which other threads do not have.
 *
 * @param name - for messages
 * @returns how it is referred to; `forgetInline` lets it go
 */
export function registerInline(value: unknown, name: string): CodeRef {
  const key = `inline:${nInline++}`
  loaded.set(key, { [name]: value })
  return { key, file: '', export: name }
}

/** Lets go what `registerInline` took. */
export function forgetInline(code: CodeRef): void {
  if (isInline(code)) loaded.delete(code.key)
}

/**
 * Loads a module in this thread, once. It is made from its text, so what runs is what was hashed;
 * imports, which no hash covers, fail.
 *
 * @throws CoppiceError 'PARAMETER' naming the file when it cannot be run
 */
export async function loadModule({ key, file, source }: CodeModule): Promise<void> {
  if (loaded.has(key)) return
  const bytes = new TextEncoder().encode(source)
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  }
  try {
    const url = `data:text/javascript;base64,${btoa(text)}#${encodeURIComponent(file)}`
    loaded.set(key, await import(url) as Readonly<Record<string, unknown>>)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CoppiceError('PARAMETER', `the module ${file} cannot be loaded: ` +
      `${why.replaceAll(/data:text\/javascript;base64,[\w+/=]*/g, file)}; it must be ` +
      'JavaScript, an ES module that imports nothing (rows.math has exp, log and the like)',
    { cause })
  }
}

/** Loads modules in this thread. @throws CoppiceError 'PARAMETER' naming the file */
export async function loadModules(modules: readonly CodeModule[]): Promise<void> {
  for (const module of modules) await loadModule(module)
}

/**
 * What code refers to, in this thread.
 * @throws CoppiceError 'PARAMETER' where the module is not loaded or does not export it
 */
export function codeOf(code: CodeRef): unknown {
  const exports = loaded.get(code.key)
  if (exports === undefined) {
    throw new CoppiceError('PARAMETER', isInline(code)
      ? `${code.export} is a function of the program, which other threads and machines do not ` +
        'have; put it into a module and name that: "loss.mjs#name"'
      : `this training needs the module ${code.file} (SHA-256 ${code.key}), which is not allowed ` +
        'here, or differs; start the worker with --allow-module and the path of the same file')
  }
  const value = exports[code.export]
  if (value !== undefined) return value
  throw new CoppiceError('PARAMETER', `${placeOf(code)} is not exported; the module exports ` +
    `${Object.keys(exports).join(', ') || 'nothing'}`)
}
