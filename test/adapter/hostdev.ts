import { VirtError } from '../../src/errors.js'
import { toQemu } from '../../src/formats/qemu/hostdev.js'
import { formatProps, type QemuProps, type QemuSyntax } from '../../src/formats/qemu/props.js'
import { hostdev } from '../../src/model/hostdev.js'
import { guestInterface } from '../../src/model/interface.js'
import { hostdevOfInterface } from '../../src/model/interface-hostdev.js'
import type { Operations } from './protocol.js'
import { type Source, sourceOf } from './source.js'

const isInterface = (source: string | Uint8Array) => typeof source === 'string' && /^\s*<interface\b/.test(source)

function roundtrip(source: string | Uint8Array): string {
  const compat = { compat: true }
  return isInterface(source)
    ? guestInterface.format(guestInterface.parse(source, compat), compat)
    : hostdev.format(hostdev.parse(source, compat), compat)
}

/** Host devices of a guest as libvirt's parser and schema see them. */
export const hostdevs: Operations = {
  'hostdev.roundtrip': (args: Source) => ({ xml: roundtrip(sourceOf(args)) }),
  'hostdev.validate': (args: Source) => {
    const source = sourceOf(args)
    const findings = isInterface(source) ? guestInterface.validate(source) : hostdev.validate(source)
    return { valid: findings.length === 0 }
  },
}

interface Qemu {
  xml: string
  alias?: string
  syntax: QemuSyntax
  arch?: string
  hints?: { sgDevice?: string; usbAddress?: { bus: number; device: number } }
}

/** A hostdev as QEMU's arguments. Those in commas are of the QEMU before it read JSON. */
export const qemu: Operations = {
  'hostdev.qemu'({ xml, alias, syntax, arch, hints }: Qemu) {
    const def = isInterface(xml) ? hostdevOfInterface(guestInterface.parse(xml)) : hostdev.parse(xml)
    if (!def) throw new VirtError('config-unsupported', 'the interface is no host device')
    const options = {
      ...hints,
      ...(arch && { arch }),
      ...(alias && { id: alias }),
      legacy: syntax === 'comma',
      compat: true,
    }
    const { devices, blockdevs } = toQemu(def, { ...options, vhostFd: '3' })
    const text = (each: QemuProps) => formatProps(each, syntax)
    const [backend] = blockdevs.map(text)
    return {
      device: devices.map(text).at(-1) ?? null,
      ...(backend !== undefined && { backend }),
      extraDevices: devices.slice(0, -1).map(text),
    }
  },
}
