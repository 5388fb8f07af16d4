import { describe, expect, it } from 'vitest'
import { storageUses } from '../../../src/manager/preflight/storage-uses.js'
import { type MemoryFile, MemoryFiles } from '../../../src/os/host-files-memory.js'

const sata = '/sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda'
const second = '/sys/devices/pci0000:00/0000:00:1f.2/ata2/host1/target1:0:0/1:0:0:0/block/sdb'

/** A block device at a path of its own, with its number; `on` are those it is made of. */
function block(path: string, number: string, on: readonly string[] = [], mapped?: string): [string, MemoryFile][] {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return [
    [`${path}/dev`, `${number}\n`],
    [`/sys/class/block/${name}`, { link: path }],
    [`/sys/dev/block/${number}`, { link: path }],
    ...(mapped === undefined ? [] : ([[`${path}/dm/name`, `${mapped}\n`]] as [string, MemoryFile][])),
    ...on.flatMap((below): [string, MemoryFile][] => {
      const lower = below.slice(below.lastIndexOf('/') + 1)
      return [
        [`${path}/slaves/${lower}`, { link: below }],
        [`${below}/holders/${name}`, { link: path }],
      ]
    }),
  ]
}
const mount = (number: string, at: string, source: string) =>
  `36 1 ${number} / ${at} rw,relatime shared:1 - ext4 ${source} rw\n`

const uses = (files: [string, MemoryFile][]) =>
  storageUses(new MemoryFiles(files)).map(({ path, finding }) => [
    path.split('/').at(-1),
    finding.code,
    finding.message,
  ])

describe('storageUses', () => {
  it('finds the disk that holds the root file system, by its partition', () => {
    expect(
      uses([
        ...block(sata, '8:0'),
        ...block(`${sata}/sda1`, '8:1'),
        ['/proc/self/mountinfo', mount('8:1', '/', '/dev/sda1')],
      ]),
    ).toEqual([['sda1', 'root-disk', 'holds the root file system']])
  })

  it('finds it through device mapper, with the way down to it', () => {
    const files: [string, MemoryFile][] = [
      ...block(sata, '8:0'),
      ...block(`${sata}/sda2`, '8:2'),
      ...block('/sys/devices/virtual/block/dm-0', '254:0', [`${sata}/sda2`], 'vg0-luks'),
      ...block('/sys/devices/virtual/block/dm-1', '254:1', ['/sys/devices/virtual/block/dm-0'], 'vg0-root'),
      ['/proc/self/mountinfo', mount('254:1', '/', '/dev/mapper/vg0-root')],
    ]
    expect(uses(files)).toEqual([
      ['sda2', 'root-disk', 'holds the root file system (dm-1 on dm-0 on sda2)'],
      ['sda2', 'in-volume', 'is part of vg0-root (dm-0 on sda2)'],
      ['sda2', 'in-volume', 'is part of vg0-luks'],
    ])
  })

  it('finds every disk of a RAID array', () => {
    const files: [string, MemoryFile][] = [
      ...block(sata, '8:0'),
      ...block(second, '8:16'),
      ...block('/sys/devices/virtual/block/md0', '9:0', [sata, second]),
      ['/proc/self/mountinfo', mount('9:0', '/srv', '/dev/md0')],
    ]
    expect(uses(files).filter(([, code]) => code === 'mounted')).toEqual([
      ['sda', 'mounted', 'holds what is mounted at /srv (md0 on sda)'],
      ['sdb', 'mounted', 'holds what is mounted at /srv (md0 on sdb)'],
    ])
  })

  it('finds the controllers of an NVMe namespace that has several ways to it', () => {
    const subsystem = '/sys/devices/virtual/nvme-subsystem/nvme-subsys0'
    const controller = '/sys/devices/pci0000:00/0000:05:00.0/nvme/nvme0'
    const files: [string, MemoryFile][] = [
      [`${controller}/model`, 'x\n'],
      [`${subsystem}/nvme0`, { link: controller }],
      ...block(`${subsystem}/nvme0n1`, '259:0'),
      ['/proc/self/mountinfo', mount('259:0', '/', '/dev/nvme0n1')],
    ]
    expect(uses(files)).toEqual([['nvme0', 'root-disk', 'holds the root file system (nvme0n1 on nvme0)']])
  })

  it('finds the disk of a file system whose number is no block device’s, by its source', () => {
    const files: [string, MemoryFile][] = [
      ...block(sata, '8:0'),
      ...block('/sys/devices/virtual/block/dm-0', '254:0', [sata], 'pool'),
      ['/dev/mapper/pool', { link: '../dm-0' }],
      ['/dev/dm-0', { kind: 'block' }],
      ['/proc/self/mountinfo', '40 1 0:31 /@home /home rw - btrfs /dev/mapper/pool rw,subvol=/@home\n'],
    ]
    expect(uses(files)[0]).toEqual(['sda', 'mounted', 'holds what is mounted at /home (dm-0 on sda)'])
  })

  it('finds a mapped device by its name where /dev is not there', () => {
    const files: [string, MemoryFile][] = [
      ...block('/sys/devices/virtual/block/dm-0', '254:0', [], 'pool'),
      ['/proc/self/mountinfo', '40 1 0:31 /@home /home rw - btrfs /dev/mapper/pool rw\n'],
    ]
    expect(uses(files)).toEqual([['dm-0', 'mounted', 'holds what is mounted at /home']])
  })

  it('finds swap space, and reads blanks in paths', () => {
    const files: [string, MemoryFile][] = [
      ...block(sata, '8:0'),
      [
        '/proc/swaps',
        'Filename\tType\tSize\tUsed\tPriority\n/dev/sda\tpartition\t1\t0\t-2\n/swap\\040file\tfile\t1\t0\t-3\n',
      ],
      ['/proc/self/mountinfo', mount('8:0', '/mnt/my\\040disk', '/dev/sda')],
    ]
    expect(uses(files)).toEqual([
      ['sda', 'mounted', 'holds what is mounted at /mnt/my disk'],
      ['sda', 'swap', 'holds the swap space /dev/sda'],
    ])
  })

  it('does not go round for ever when devices are said to be made of each other', () => {
    const [a, b] = ['/sys/devices/virtual/block/dm-0', '/sys/devices/virtual/block/dm-1']
    const files = [...block(a, '254:0', [b]), ...block(b, '254:1', [a])]
    expect(uses([...files, ['/proc/self/mountinfo', mount('254:0', '/', '/dev/dm-0')]])).toEqual([])
  })

  it('finds nothing on a host that tells nothing', () => {
    expect(uses([])).toEqual([])
    expect(
      uses([
        ['/proc/self/mountinfo', 'nonsense\n\n - - -\n'],
        ['/proc/swaps', '\n\n'],
      ]),
    ).toEqual([])
  })

  it('finds what the first process has mounted and this one does not see', () => {
    const files = [...block(sata, '8:0'), ...block(second, '8:16')]
    const own: [string, MemoryFile] = ['/proc/self/mountinfo', mount('0:31', '/', 'overlay')]
    expect(uses([...files, own, ['/proc/1/mountinfo', mount('8:16', '/', '/dev/sdb')]])).toEqual([
      ['sdb', 'root-disk', 'holds the root file system'],
    ])
  })

  it("warns of every disk in a container whose first process is not the host's", () => {
    const disk: [string, MemoryFile] = [`${sata}/device`, { link: `${sata}/../..` }]
    const files = [...block(sata, '8:0'), ...block('/sys/devices/virtual/block/loop0', '7:0'), disk]
    const namespace = (number: string): [string, MemoryFile] => ['/proc/self/ns/pid', { link: `pid:[${number}]` }]
    expect(uses([...files, namespace('4026532201')])).toEqual([
      ['sda', 'unseen', 'may hold what the host has mounted, which this container does not see'],
    ])
    expect(uses([...files, namespace('4026531836')])).toEqual([])
  })
})
