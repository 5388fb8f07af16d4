import { type MdevctlCommand, mdevctlCall, mdevctlList, readMdevctlList } from '../../src/formats/mdevctl.js'
import { vzctlSet } from '../../src/formats/vzctl.js'
import { parseNewNodeDevice } from '../../src/model/new-node-device.js'
import { nodeDevice } from '../../src/model/node-device.js'
import type { Operations } from './protocol.js'

const defsOf = (documents: readonly string[] = []) => documents.map((xml) => nodeDevice.parse(xml, { compat: true }))

/** The words of mdevctl and vzctl: argument lists that are built and not run. */
export const commands: Operations = {
  'mdev.mdevctl'({ command, xml, parents }: { command: string; xml: string; parents?: string[] }) {
    const call =
      command === 'list-defined'
        ? mdevctlList()
        : mdevctlCall(command as MdevctlCommand, parseNewNodeDevice(xml, { compat: true }), defsOf(parents))
    return { argv: call.argv, stdin: call.stdin === undefined ? null : JSON.parse(call.stdin) }
  },

  'mdev.list': ({ json, parents }: { json: string; parents?: string[] }) => ({
    devices: readMdevctlList(json, defsOf(parents)).map(({ def }) => nodeDevice.format(def, { compat: true })),
  }),

  'openvz.netdevAdd': ({ ctid, netdev }: { ctid: string; netdev: string }) => ({
    argv: vzctlSet(String(ctid), { kind: 'net', source: { interface: netdev } }, { action: 'attach', save: true }),
  }),
}
