/** Device nodes that a made-up host has below /dev, with their numbers; `undefined` for what is no device. */
export const hostNodes: Readonly<Record<string, string | undefined>> = {
  null: 'c 1:3',
  zero: 'c 1:5',
  full: 'c 1:7',
  random: 'c 1:8',
  urandom: 'c 1:9',
  'net/tun': 'c 10:200',
  fuse: 'c 10:229',
  ttyS0: 'c 4:64',
  sda: 'b 8:0',
  sdb1: 'b 8:17',
  shm: undefined,
}

/** The numbers that every container may use (devices.list of its cgroup). */
const everybodys = ['c 1:3', 'c 1:5', 'c 1:7', 'c 1:8', 'c 1:9', 'c 5:2', 'c 136:*']

/** What a running container has of device nodes and of rights to them. */
export class ContainerDevices {
  readonly nodes: Set<string>
  readonly numbers: string[]

  constructor(nodes: Iterable<string> = ['console', 'null'], numbers: Iterable<string> = everybodys) {
    this.nodes = new Set(nodes)
    this.numbers = [...numbers]
  }

  /** A node is made under the last step of its name alone: net/tun becomes tun. */
  setNode(name: string, letters: string): void {
    const base = name.slice(name.lastIndexOf('/') + 1)
    if (letters === 'none') this.nodes.delete(base)
    else this.nodes.add(base)
    this.#allow(hostNodes[name] ?? '', letters)
  }

  setNumber(name: string, letters: string): void {
    this.#allow(name.replace(':', ' '), letters)
  }

  #allow(number: string, letters: string): void {
    if (everybodys.includes(number)) return
    const at = this.numbers.indexOf(number)
    if (letters === 'none' && at >= 0) this.numbers.splice(at, 1)
    else if (letters !== 'none' && at < 0) this.numbers.push(number)
  }
}
