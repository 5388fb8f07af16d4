import { VirtError } from '../../src/errors.js'
import type { CommandOutput } from '../../src/os/command.js'
import { Denied } from '../../src/os/host-files.js'
import { pci } from '../data/passthrough-tree.js'
import { sysfs } from '../data/small-tree.js'
import { fcPort } from '../data/virtual-tree.js'
import type { KernelTree } from './kernel.js'

/** Plays what the kernel makes and takes away: mediated devices, virtual ports, virtual functions. */
export class VirtualDevices {
  constructor(readonly tree: KernelTree) {}

  /** The effect of a value: `taken`, the errno, or `undefined` where this is another's file. */
  take(path: string, value: string): string | undefined {
    const real = this.tree.real(path)
    if (real instanceof Denied) return undefined
    const folder = real.slice(0, real.lastIndexOf('/'))
    const file = real.slice(folder.length + 1)
    if (file === 'create' && folder.includes('/mdev_supported_types/')) return this.#createMdev(folder, value)
    if (path.startsWith('/sys/bus/mdev/devices/')) return this.#changeMdev(folder, file, value)
    if (file === 'vport_create') return this.#createPort(folder, value)
    if (file === 'vport_delete') return this.#deletePort(folder, value)
    return file === 'sriov_numvfs' ? this.#setFunctions(folder, Number(value)) : undefined
  }

  #createMdev(type: string, uuid: string): string {
    const parent = type.replace(/\/mdev_supported_types\/.*/, '')
    if (!(this.tree.stat(`/sys/bus/mdev/devices/${uuid}`) instanceof Denied)) return 'EEXIST'
    if (this.#number(`${type}/available_instances`) === 0) return 'EUSERS'
    this.#count(`${type}/available_instances`, -1)
    this.#add(
      sysfs(`${parent}/${uuid}`, 'bus/mdev', {
        mdev_type: { link: type },
        iommu_group: { link: `/sys/kernel/iommu_groups/${100 + this.#names('/sys/bus/mdev/devices').length}` },
        driver: { link: '/sys/bus/mdev/drivers/mtty' },
        remove: '',
        speed: '9600\n',
      }),
    )
    return 'taken'
  }

  #changeMdev(folder: string, file: string, value: string): string {
    if (file !== 'remove') {
      this.tree.set(`${folder}/${file}`, `${value}\n`)
      return 'taken'
    }
    const type = this.tree.real(`${folder}/mdev_type`) as string
    this.#count(`${type}/available_instances`, 1)
    this.tree.delete(folder)
    this.tree.delete(`/sys/bus/mdev/devices/${folder.split('/').at(-1)}`)
    return 'taken'
  }

  #createPort(folder: string, value: string): string {
    const [wwpn = '', wwnn = ''] = value.split(':')
    const ports = this.#names('/sys/class/fc_host')
    if (ports.some((name) => this.#text(`/sys/class/fc_host/${name}/port_name`) === `0x${wwpn}`)) return 'EINVAL'
    if (this.#number(`${folder}/npiv_vports_inuse`) >= this.#number(`${folder}/max_npiv_vports`)) return 'ENOSPC'
    this.#count(`${folder}/npiv_vports_inuse`, 1)
    const host = folder.replace(/\/fc_host\/.*/, '')
    const next = Math.max(...ports.map((name) => Number(name.slice('host'.length)))) + 1
    this.#add(fcPort(`${host}/vport-5:0-${next}/host${next}`, { wwnn, wwpn }))
    return 'taken'
  }

  #deletePort(folder: string, value: string): string {
    const [wwpn = '', wwnn = ''] = value.split(':')
    const name = this.#names('/sys/class/fc_host').find(
      (each) =>
        this.#text(`/sys/class/fc_host/${each}/port_name`) === `0x${wwpn}` &&
        this.#text(`/sys/class/fc_host/${each}/node_name`) === `0x${wwnn}`,
    )
    if (name === undefined) return 'ENODEV'
    this.#count(`${folder}/npiv_vports_inuse`, -1)
    this.tree.delete((this.tree.real(`/sys/bus/scsi/devices/${name}`) as string).replace(/\/host\d+$/, ''))
    for (const at of ['bus/scsi/devices', 'class/fc_host', 'class/scsi_host']) this.tree.delete(`/sys/${at}/${name}`)
    return 'taken'
  }

  #setFunctions(folder: string, count: number): string {
    const file = `${folder}/sriov_numvfs`
    if (this.tree.link(`${folder}/driver`) instanceof Denied) return 'ENOENT'
    if (count > this.#number(`${folder}/sriov_totalvfs`)) return 'ERANGE'
    if (count > 0 && this.#number(file) > 0) return 'EBUSY'
    const [, base = ''] = /(\d{4}:\d\d):00\.0$/.exec(folder) ?? []
    for (let index = 0; index < Math.max(count, this.#number(file)); index++) {
      const address = `${base}:10.${index}`
      if (count > 0) {
        const parent = folder.slice(folder.lastIndexOf('/') + 1)
        this.#add(
          pci(address, {
            id: '8086:10ca',
            driver: 'igbvf',
            group: 50 + index,
            files: { physfn: { link: `../${parent}` } },
          }),
        )
        this.tree.set(`${folder}/virtfn${index}`, { link: `../${address}` })
      } else {
        this.tree.delete(`${folder}/virtfn${index}`)
        this.tree.delete(this.tree.real(`/sys/bus/pci/devices/${address}`) as string)
        this.tree.delete(`/sys/bus/pci/devices/${address}`)
        this.tree.delete(`/sys/kernel/iommu_groups/${50 + index}`)
      }
    }
    this.tree.set(file, `${count}\n`)
    return 'taken'
  }

  #add(files: Iterable<readonly [string, Parameters<KernelTree['set']>[1]]>): void {
    for (const [path, file] of files) this.tree.set(path, file)
  }

  #count(path: string, by: number): void {
    this.tree.set(path, `${this.#number(path) + by}\n`)
  }

  #number(path: string): number {
    return Number(this.#text(path))
  }

  #text(path: string): string {
    const bytes = this.tree.bytes(path)
    return bytes instanceof Denied ? '' : new TextDecoder().decode(bytes).trim()
  }

  #names(path: string): string[] {
    const names = this.tree.list(path)
    return names instanceof Denied ? [] : names
  }
}

/** Plays mdevctl 1.2 where it changes its files (`mdevctl define`, `undefine`, `modify`). */
export function mdevctl(tree: KernelTree, argv: readonly string[], stdin: string): CommandOutput {
  const option = (name: string) => argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3)
  const file = `/etc/mdevctl.d/${option('parent')}/${option('uuid')}`
  const bytes = tree.bytes(file)
  const text = bytes instanceof Denied ? undefined : new TextDecoder().decode(bytes)
  const fail = (stderr: string) =>
    new VirtError('operation-failed', `mdevctl ended with status 1: ${stderr}`, { argv, exitStatus: 1, stderr })
  if (argv[1] === '--version') return { stdout: 'mdevctl 1.2.0\n', stderr: '' }
  if (argv[1] === 'define') {
    if (text !== undefined) throw fail('Error: Cowardly refusing to overwrite existing config')
    tree.set(file, JSON.stringify({ attrs: [], ...JSON.parse(stdin) }, undefined, 2))
  } else {
    if (text === undefined) throw fail('Error: No match found')
    const start = argv.includes('--auto') ? 'auto' : 'manual'
    if (argv[1] === 'undefine') tree.delete(file)
    else tree.set(file, JSON.stringify({ ...JSON.parse(text), start }, undefined, 2))
  }
  return { stdout: '', stderr: '' }
}
