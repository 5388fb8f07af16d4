import { describeDevice, type NodeDeviceDef } from '../index.js'
import { cut, printable, type Terminal } from './terminal.js'

interface Branch {
  readonly def: NodeDeviceDef
  readonly children: Branch[]
}

/** Devices under their parents, both sorted by name; those whose parent is not among them stand at the top. */
export function branches(defs: readonly NodeDeviceDef[]): Branch[] {
  const all = new Map(defs.map((def) => [def.name, { def, children: [] as Branch[] }]))
  const roots: Branch[] = []
  for (const branch of [...all.values()].sort(byName())) {
    const parent = branch.def.parent === undefined ? undefined : all.get(branch.def.parent)
    if (parent && !isBelow(parent.def, branch.def, all)) parent.children.push(branch)
    else roots.push(branch)
  }
  return roots
}

function byName(): (a: Branch, b: Branch) => number {
  // made where a tree is drawn: a collator takes ICU longer than reading the devices
  const { compare } = new Intl.Collator('en', { numeric: true })
  return ({ def: a }, { def: b }) =>
    Number(b.name === 'computer') - Number(a.name === 'computer') || compare(a.name, b.name)
}

/** Whether a device stands below another: parents that form a ring would leave its members out of the tree. */
function isBelow(def: NodeDeviceDef, above: NodeDeviceDef, all: ReadonlyMap<string, Branch>): boolean {
  const seen = new Set<string>()
  for (let at: NodeDeviceDef | undefined = def; at && !seen.has(at.name); at = all.get(at.parent ?? '')?.def) {
    if (at === above) return true
    seen.add(at.name)
  }
  return false
}

/** A line for each device: its name, its driver, what it is; as much of that as the terminal is wide. */
export function printTree(defs: readonly NodeDeviceDef[], terminal: Terminal): void {
  const { colour, width } = terminal
  const print = (branch: Branch, lead: string, below: string) => {
    const { def, children } = branch
    const facts = describeDevice(def)
    const parts = [
      { text: lead, paint: colour.dim },
      { text: printable(def.name), paint: children.length > 0 ? colour.bold : String },
      { text: def.driver === undefined ? '' : `  (${printable(def.driver)})`, paint: colour.green },
      { text: facts === '' ? '' : `  ${printable(facts)}`, paint: colour.cyan },
    ]
    let left = width
    let line = ''
    for (const { text, paint } of parts) {
      const shown = cut(text, left)
      left -= [...shown].length
      if (shown !== '') line += paint(shown)
    }
    terminal.write(`${line}\n`)
    children.forEach((child, index) => {
      const last = index === children.length - 1
      print(child, `${below}${last ? '└─ ' : '├─ '}`, `${below}${last ? '   ' : '│  '}`)
    })
  }
  for (const root of branches(defs)) print(root, '', '')
}
