import { connect } from '../../src/api/connect.js'
import { mock } from '../../src/backends/mock/mock.js'
import { listCapabilities } from '../../src/model/device-caps.js'
import { parseNewNodeDevice } from '../../src/model/new-node-device.js'
import { inactiveDef, nodeDevice } from '../../src/model/node-device.js'
import { listFlags } from '../../src/model/node-device-flags.js'
import type { Operations } from './protocol.js'
import { type Source, sourceOf } from './source.js'

const computer =
  '<device><name>computer</name><capability type="scsi_generic"><char>/dev/sg0</char></capability></device>'

/** Node devices as libvirt's parser and schema see them. */
export const nodedev: Operations = {
  'nodedev.roundtrip': ({ inactive, ...source }: Source & { inactive?: boolean }) => {
    const def = nodeDevice.parse(sourceOf(source), { compat: true })
    return { xml: nodeDevice.format(inactive ? inactiveDef(def) : def, { compat: true }) }
  },

  'nodedev.create': (source: Source) => ({ def: parseNewNodeDevice(sourceOf(source)) }),

  'nodedev.validate': (source: Source) => ({ valid: nodeDevice.validate(sourceOf(source)).length === 0 }),

  'nodedev.caps': (source: Source) => ({ caps: listCapabilities(nodeDevice.parse(sourceOf(source))) }),

  async 'nodedev.list'({ devices, caps }: { devices: string[]; caps: string[] }) {
    await using connection = await connect(mock({ devices }))
    listFlags({ capability: caps })
    const filter = caps.length > 0 ? { capability: caps } : {}
    return { names: (await connection.listNodeDevices(filter)).map(({ name }) => name) }
  },

  async 'nodedev.parents'({ devices }: { devices: string[] }) {
    await using connection = await connect(mock({ devices }))
    const handles = await connection.listNodeDevices()
    const pairs = handles.map(async (device) => [device.name, (await device.parent()) ?? null])
    return { parents: Object.fromEntries(await Promise.all(pairs)) }
  },

  async 'nodedev.lookup'({ name }: { name: string }) {
    await using connection = await connect(mock({ devices: [computer] }))
    return { xml: await (await connection.lookupNodeDevice(name)).xml() }
  },
}
