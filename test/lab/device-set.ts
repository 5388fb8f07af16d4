/**
 * The devices of a machine: QEMU's options, and the empty files behind its disks, by name, with their sizes (`64M`).
 */
export interface DeviceSet {
  readonly options: string[]
  readonly disks: ReadonlyMap<string, string>
}

/**
 * Reads a file of devices: a line holds options of QEMU, or `disk NAME SIZE` for an empty disk that devices name as
 * `drive=NAME`; `#` begins a comment, `${NAME}` is replaced by a variable.
 */
export function readDeviceSet(text: string, variables: Readonly<Record<string, string>>): DeviceSet {
  const options: string[] = []
  const disks = new Map<string, string>()
  for (const line of text.split('\n')) {
    const words = line
      .replace(/(^|\s)#.*/, '')
      .split(/\s+/)
      .filter(Boolean)
    const [first, name, size] = words
    if (first === 'disk' && name !== undefined && size !== undefined) {
      disks.set(`${name}.raw`, size)
      options.push('-drive', `if=none,id=${name},format=raw,file=${name}.raw`)
    } else options.push(...words.map((word) => substitute(word, variables)))
  }
  return { options, disks }
}

function substitute(word: string, variables: Readonly<Record<string, string>>): string {
  return word.replace(/\$\{(\w+)\}/g, (written, name: string) => {
    const value = variables[name]
    if (value === undefined) throw new Error(`The device set says ${written}, which is none of its variables.`)
    return value
  })
}
