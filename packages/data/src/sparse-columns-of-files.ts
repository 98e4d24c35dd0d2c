/** Columns of files that leave out zeros: how many they are depends on which entries are stored. */
import { CoppiceError } from '@coppice/model'
import { type PlannedPartition, resolveRoles, type RoleOptions, splitRefs } from './schema.js'

/** Whether some of the partitions leave out zeros. */
export function isSparse(partitions: readonly Pick<PlannedPartition, 'format'>[]): boolean {
  return partitions.some(({ format }) => format === 'libsvm')
}

/**
 * The label where none is named: LibSVM files say which column it is, indices of others do not
 * count it.
 */
export function implicitLabel(
  names: readonly string[], partitions: readonly Pick<PlannedPartition, 'format'>[],
): string | undefined {
  return isSparse(partitions) && names[0] === 'label' ? 'label' : undefined
}

/** The index of a column in LibSVM files, -1 where it is none. */
export function sparseIndex(name: string): number {
  return /^Column_(0|[1-9]\d{0,8})$/.test(name) ? Number(name.slice(7)) : -1
}

/** Features that no row stores, since all of their indices are greater than those in the files. */
export function absentFeatures(
  names: readonly string[], features: readonly string[],
): string[] {
  const known = new Set(names)
  return features.filter((name) => !known.has(name) && sparseIndex(name) >= 0)
}

/**
 * Columns of LibSVM files that options name as something else than features; those that are not
 * there are none.
 */
export function columnsWithOtherRoles(names: readonly string[], options: RoleOptions): string[] {
  const { label = implicitLabel(names, [{ format: 'libsvm' }]) } = options
  const roles = ['label', 'weight', 'group', 'position', 'initScore', 'ignore'] as const
  return roles.flatMap((role) => splitRefs(names, options[role]).flatMap((ref) => {
    try {
      const { features } = resolveRoles(names, role === 'label' ? { label: ref }
        : { label, ignore: ref })
      const isFeature = new Set(features)
      return names.filter((_, index) => !isFeature.has(index))
    } catch (error) {
      if (error instanceof CoppiceError && error.code === 'DATA') return []
      throw error
    }
  }))
}
