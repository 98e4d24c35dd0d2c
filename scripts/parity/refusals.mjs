/**
 * Every refusal that remains, read off the table of parameters: parameters that are accepted at
 * their default only, and values of names that are not built. What is said to users comes from
 * resolving them.
 */
import { parameterTable, resolveParams } from '@coppice/engine'

/** A value other than the default: what is not built is refused whatever its form. */
function anotherValue({ type, default: value }) {
  switch (type) {
    case 'bool': return !value
    case 'int':
    case 'float': return value + 2
    case 'ints':
    case 'floats': return [...value, 1]
    default: return `${value ?? ''}another`
  }
}

/** What resolving these parameters says. @throws {Error} where it says nothing */
export function messageOf(params) {
  try {
    resolveParams(params)
  } catch (error) {
    return error.message
  }
  throw new Error(`${JSON.stringify(params)} is accepted, though a table says that it is refused`)
}

/**
 * @returns {Map<string, { name: string, value: unknown, message: string }>} by `name` of a
 *   parameter, or `name=value` of one of its values; in the table's order
 */
export function remainingRefusals() {
  const found = new Map()
  for (const info of parameterTable) {
    const { name } = info
    const add = (key, value) =>
      found.set(key, { name, value, message: messageOf({ [name]: value }) })
    if (info.status === 'unbuilt') add(name, anotherValue(info))
    for (const value of info.names?.unbuiltValues ?? []) {
      // an unbuilt parameter is refused as a whole
      if (info.status !== 'unbuilt') add(`${name}=${value}`, value)
    }
  }
  return found
}
