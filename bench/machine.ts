import { spawnSync } from 'node:child_process'
import { type Benchmark, inTurns } from './result.js'

const python = `
import libvirt
c = libvirt.openReadOnly('qemu:///system')
for d in c.listAllDevices(0): d.XMLDesc(0)
`

const run =
  (command: string, ...args: string[]) =>
  () => {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1e9 })
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`)
  }

/** All devices of this machine as XML, whole processes, against what administrators and Python programs use. */
export const machine: Benchmark = {
  name: 'machine',
  async run() {
    const ours = run(process.execPath, 'dist/cli/hostdev.js', '-c', 'linux:///', 'dumpxml', '--all', '--compat')
    const listed = spawnSync('virsh', ['-r', '-c', 'qemu:///system', 'nodedev-list'], { encoding: 'utf8' })
    if (listed.status !== 0) return { skipped: 'no libvirtd answers virsh' }
    const names = listed.stdout.split('\n').filter((name) => name !== '')
    const commands = names.map((name) => `nodedev-dumpxml ${name}`).join('; ')
    // the distribution's own Python: another one does not see the distribution's modules
    const binding = spawnSync('/usr/bin/python3', ['-c', 'import libvirt']).status === 0
    const peers = [run('virsh', '-r', '-c', 'qemu:///system', commands), run('/usr/bin/python3', '-c', python)]
    const [hostdev = 0, ...times] = await inTurns([ours, ...(binding ? peers : peers.slice(0, 1))], 5)
    const figure = (peer: string, time: number) => ({
      name: `dump the ${names.length} devices of this machine`,
      value: hostdev,
      unit: 'ms, whole process',
      peer,
      ratio: hostdev / time,
      // a Node process alone takes several times what virsh does for a handful of devices
      goal: 8,
      bound: 'the start of Node, 130 ms, and loading the command, half as much, before the first device is looked at',
    })
    return times.map((time, index) => figure(['virsh', 'python3-libvirt'][index] as string, time))
  },
}
