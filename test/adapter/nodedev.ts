import { nodeDevice } from '../../src/model/node-device.js'
import type { Operations } from './protocol.js'
import { type Source, sourceOf } from './source.js'

/** Node devices as libvirt's parser and schema see them. */
export const nodedev: Operations = {
  'nodedev.roundtrip': (args: Source) => {
    const def = nodeDevice.parse(sourceOf(args), { compat: true })
    return { xml: nodeDevice.format(def, { compat: true }) }
  },
  'nodedev.validate': (args: Source) => ({ valid: nodeDevice.validate(sourceOf(args)).length === 0 }),
}
