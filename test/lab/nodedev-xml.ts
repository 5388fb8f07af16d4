/** Devices and their XML, by name. */
export type Documents = ReadonlyMap<string, string>

/** Splits what `dumpxml` printed into documents. */
export function documents(text: string): Documents {
  const found = text.matchAll(/^<device>\n {2}<name>(.*)<\/name>\n[\s\S]*?^<\/device>$/gm)
  return new Map(Array.from(found, ([xml, name = '']) => [name, xml]))
}

/** The parent a document names. */
export function parent(xml: string): string | undefined {
  return /^ {2}<parent>(.*)<\/parent>$/m.exec(xml)?.[1]
}

/** The devices that both have with different XML, a line each: the first difference as both have it. */
export function differences(theirs: Documents, ours: Documents): string[] {
  return Array.from(theirs).flatMap(([name, their]) => {
    const our = ours.get(name)
    return our === undefined || our === their ? [] : [`${name}: ${firstDifference(their, our)}`]
  })
}

function firstDifference(theirs: string, ours: string): string {
  const [their, our] = [theirs.split('\n'), ours.split('\n')]
  const line = Array.from({ length: Math.max(their.length, our.length) }).findIndex((_, i) => their[i] !== our[i])
  return `libvirtd ${their[line]?.trim() ?? 'ends'}, hostdev ${our[line]?.trim() ?? 'ends'}`
}
