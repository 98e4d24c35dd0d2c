import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { ioError } from '@coppice/data/node'
import { codeModule, type CodeModule, loadModule } from '@coppice/engine'

/**
 * Reads modules that trainings may run here. Each is loaded once to see that it can be.
 *
 * @throws CoppiceError 'IO' naming a file that cannot be read, 'PARAMETER' one that cannot be run
 */
export async function readModules(paths: readonly string[]): Promise<readonly CodeModule[]> {
  const modules: CodeModule[] = []
  for (const file of paths) {
    const module = codeModule(path.basename(file), await readText(file))
    await loadModule(module)
    modules.push(module)
  }
  return modules
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw ioError(`cannot read the module ${file}`, error)
  }
}
