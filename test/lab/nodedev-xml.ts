/** Splits what `dumpxml` printed into documents, by device name. */
export function documents(text: string): Map<string, string> {
  const found = text.matchAll(/^<device>\n {2}<name>(.*)<\/name>\n[\s\S]*?^<\/device>$/gm)
  return new Map(Array.from(found, ([xml, name = '']) => [name, xml]))
}

/** The capabilities a document has, nested ones included; `pci`, `virt_functions`, ... */
export function capabilities(xml: string): Set<string> {
  return new Set(Array.from(xml.matchAll(/<capability type='(\w+)'/g), ([, type = '']) => type))
}

/** The parent a document names. */
export function parent(xml: string): string | undefined {
  return /^ {2}<parent>(.*)<\/parent>$/m.exec(xml)?.[1]
}

/** Counts devices by capability. */
export function countByCapability(devices: ReadonlyMap<string, string>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const xml of devices.values()) {
    for (const capability of capabilities(xml)) counts.set(capability, (counts.get(capability) ?? 0) + 1)
  }
  return counts
}

/** The first line in which two documents differ, as both have it; nothing if they are equal. */
export function firstDifference(theirs: string, ours: string): string | undefined {
  const [their, our] = [theirs.split('\n'), ours.split('\n')]
  const line = Array.from({ length: Math.max(their.length, our.length) }).findIndex((_, i) => their[i] !== our[i])
  if (line === -1) return undefined
  return `line ${line + 1}: libvirtd ${their[line]?.trim() ?? 'ends'}, hostdev ${our[line]?.trim() ?? 'ends'}`
}
