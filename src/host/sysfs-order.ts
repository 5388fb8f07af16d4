const mask64 = (1n << 64n) - 1n
/** GOLDEN_RATIO_64 of the kernel's include/linux/hash.h. */
const goldenRatio = 0x61c8864680b583ebn

/** The number by which sysfs keeps the names of a folder (`kernfs_name_hash`, fs/kernfs/dir.c; 64-bit kernels). */
function nameHash(name: string): number {
  let hash = 0n
  for (const character of new TextEncoder().encode(name)) {
    const c = BigInt(character)
    hash = ((hash + (c << 4n) + (c >> 4n)) * 11n) & mask64
  }
  const folded = Number(((hash * goldenRatio) & mask64) >> 32n) & 0x7fffffff
  return Math.min(folded < 2 ? folded + 2 : folded, 0x7ffffffe)
}

/**
 * Names in the order in which sysfs lists a folder, which libvirt passes on for the members of IOMMU groups and for
 * types of mediated devices. Node sorts what it lists, and a recorded host has lost the order.
 */
export function inSysfsOrder(names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, hash: nameHash(name) }))
    .sort((a, b) => a.hash - b.hash)
    .map(({ name }) => name)
}
