import {
  type Connection,
  describeDevice,
  formatPciAddress,
  formatSize,
  type PciAddress,
  valueSource,
} from '../../index.js'
import type { AddCommand } from '../cli.js'
import { printable, type Terminal } from '../terminal.js'

/** One line of what is known: a value, its name, and where the name leads in the def. */
interface Fact {
  readonly path: string
  readonly value: string | number | boolean
}

/** Every value of a def by its path: `virtualFunctions.addresses[0].bus`. */
function* facts(value: unknown, path = ''): Generator<Fact> {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') yield { path, value }
  else if (isPciAddress(value)) yield { path, value: formatPciAddress(value) }
  else if (Array.isArray(value)) for (const [index, each] of value.entries()) yield* facts(each, `${path}[${index}]`)
  else if (value && typeof value === 'object')
    for (const [key, each] of Object.entries(value)) yield* facts(each, path === '' ? key : `${path}.${key}`)
}

/** An address that is a value of its own; a device's own numbers stand among its other values. */
function isPciAddress(value: unknown): value is PciAddress {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : []
  return keys.length === 4 && ['domain', 'bus', 'slot', 'function'].every((key) => keys.includes(key))
}

/** Digits of the numbers that everybody writes in hexadecimal. */
const hexDigits: Readonly<Record<string, number>> = { 'vendor.id': 4, 'product.id': 4, class: 6 }

function show({ path, value }: Fact, unit: string | undefined): string {
  if (typeof value === 'string') return printable(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (unit === 'bytes' && value >= 1024) return `${value} bytes (${formatSize(value)})`
  const digits = hexDigits[path]
  const number = digits === undefined ? String(value) : `0x${value.toString(16).padStart(digits, '0')}`
  return unit === undefined ? number : `${number} ${unit}`
}

/** `hostdev info`: all that is known of a device, with units, and where each value comes from. */
export const addInfo: AddCommand = ({ root, read, out }) => {
  root
    .command('info')
    .description('show all that is known of a device, and where each value comes from')
    .argument('<name>', 'a name, as `hostdev list` shows it')
    .action((name: string) => read((conn) => info(conn, name, out)))
}

async function info(conn: Connection, name: string, terminal: Terminal): Promise<void> {
  const def = await (await conn.lookupNodeDevice(name)).def()
  const { colour } = terminal
  terminal.write(`${colour.bold(printable(def.name))}  ${colour.cyan(printable(describeDevice(def)))}\n`)
  const { capabilities, name: _, ...device } = def
  const sections = [
    { title: 'device', kind: 'device', value: device as object },
    ...capabilities.map((capability) => ({
      title: capability.kind,
      kind: capability.kind,
      value: capability as object,
    })),
  ]
  for (const { title, kind, value } of sections) {
    const rows = [...facts(value)]
      .filter(({ path }) => path !== 'kind')
      .map((fact) => {
        const source = valueSource(kind, fact.path)
        return { path: fact.path, shown: show(fact, source?.unit), from: source?.from ?? '' }
      })
    const widths = [
      Math.max(0, ...rows.map((row) => row.path.length)),
      Math.max(0, ...rows.map((row) => row.shown.length)),
    ]
    terminal.write(`\n${colour.bold(title)}\n`)
    for (const { path, shown, from } of rows) {
      const line = `  ${path.padEnd(widths[0] ?? 0)}  ${shown.padEnd(Math.min(40, widths[1] ?? 0))}  ${colour.dim(from)}`
      terminal.write(`${line.trimEnd()}\n`)
    }
  }
}
