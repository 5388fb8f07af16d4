import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { optionalDeviceCalls, optionalDomainCalls } from '../src/backend.js'
import { Connection, Domain, NodeDevice, VirtError } from '../src/index.js'
import { libvirt } from '../src/libvirt.js'
import { linux, MemoryFiles } from '../src/linux.js'
import { mock } from '../src/mock.js'
import { findingSeverities } from '../src/model/finding.js'
import { openvz } from '../src/openvz.js'
import { qemu } from '../src/qemu.js'
import { FakeKernel } from './fakes/kernel.js'
import { testDriver } from './fakes/test-driver.js'
import { root } from './source-tree.js'

const pages = ['.', 'docs', 'examples'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file)),
)
const read = (page: string): string => readFileSync(join(root, page), 'utf8')

describe('the documentation', () => {
  it.each(pages)('%s links to files that are there', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link)
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
  })

  it('lists every page of docs in its index', () => {
    const listed = read('docs/README.md')
    const missing = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md')
    expect(missing.filter((page) => !listed.includes(`](${page.slice('docs/'.length)})`))).toEqual([])
  })

  it('explains every finding with its severity', () => {
    const rows = [...read('docs/passthrough.md').matchAll(/^\| `([\w-]+)` \| (blocker|danger|note) \|/gm)]
    expect(Object.fromEntries(rows.map(([, code, severity]) => [code, severity]))).toEqual(findingSeverities)
  })

  it('explains every error code with its number', () => {
    const rows = [...read('docs/errors.md').matchAll(/^\| `([\w-]+)` \| (\d+) \|/gm)]
    expect(Object.fromEntries(rows.map(([, code, number]) => [code, Number(number)]))).toEqual(VirtError.numbers)
  })
})

/** Every function of libvirt-nodedev.h, as of libvirt 11. */
const nodeDeviceApi = [
  'virConnectListAllNodeDevices',
  'virConnectNodeDeviceEventDeregisterAny',
  'virConnectNodeDeviceEventRegisterAny',
  'virNodeDeviceCreate',
  'virNodeDeviceCreateXML',
  'virNodeDeviceDefineXML',
  'virNodeDeviceDestroy',
  'virNodeDeviceDetachFlags',
  'virNodeDeviceDettach',
  'virNodeDeviceFree',
  'virNodeDeviceGetAutostart',
  'virNodeDeviceGetName',
  'virNodeDeviceGetParent',
  'virNodeDeviceGetXMLDesc',
  'virNodeDeviceIsActive',
  'virNodeDeviceIsPersistent',
  'virNodeDeviceListCaps',
  'virNodeDeviceLookupByName',
  'virNodeDeviceLookupSCSIHostByWWN',
  'virNodeDeviceNumOfCaps',
  'virNodeDeviceReAttach',
  'virNodeDeviceRef',
  'virNodeDeviceReset',
  'virNodeDeviceSetAutostart',
  'virNodeDeviceUndefine',
  'virNodeDeviceUpdate',
  'virNodeListDevices',
  'virNodeNumOfDevices',
]

describe("the page of libvirt's names", () => {
  const page = read('docs/libvirt-names.md')
  const handles = { conn: Connection, device: NodeDevice, domain: Domain }

  it('has a row for every C function', () => {
    expect(nodeDeviceApi.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })

  it.each(Object.entries(handles))(
    'names every member of `%s`, and none that is not there',
    (handle, { prototype }) => {
      const named = [...page.matchAll(new RegExp(`\\b${handle}\\.(\\w+)`, 'g'))].map(([, member]) => member)
      const members = Object.getOwnPropertyNames(prototype).filter((member) => member !== 'constructor')
      const fields = { conn: ['readOnly'], device: ['name'], domain: ['name'] }[handle] ?? []
      expect([...new Set(named)].sort()).toEqual([...members, ...fields].sort())
    },
  )
})

describe('the page of backends', async () => {
  const files = new MemoryFiles()
  const played = await testDriver()
  afterAll(() => played[Symbol.asyncDispose]())
  const rows = [...read('docs/backends.md').matchAll(/^\| `([\w.]+)` \|[^|]*\| (.*) \|$/gm)]
  const column = (index: number) => rows.map(([, call, cells]) => [call, cells?.split(' | ')[index] === 'yes'])

  it('has a row for every optional ability', () => {
    const calls = optionalDeviceCalls.map((call) => `devices.${call}`)
    const guestCalls = optionalDomainCalls.map((call) => `domains.${call}`)
    expect(rows.map(([, call]) => call)).toEqual([...calls, 'domains', ...guestCalls])
  })

  it.each([
    ['linux', 0, () => linux({ files, writes: new FakeKernel(files) })],
    ['libvirt', 1, () => libvirt({ uri: `test:///default?socket=${played.path}` })],
    ['mock', 2, () => mock()],
    ['openvz', 3, () => openvz({ files })],
    ['qemu', 4, () => qemu({ monitors: {}, files, writes: new FakeKernel(files) })],
  ] as const)('says what %s can do', async (_, index, open) => {
    const backend = await open()
    const can = (call: string): boolean => {
      const [part, method] = call.split('.')
      const driver = part === 'domains' ? backend.domains : backend.devices
      return driver !== undefined && (method === undefined || method in driver)
    }
    expect(column(index)).toEqual(rows.map(([, call = '']) => [call, can(call)]))
    await backend[Symbol.asyncDispose]()
  })
})
