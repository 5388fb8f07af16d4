import { describe, expect, it } from 'vitest'
import { IdDatabase } from '../../src/host/id-database.js'
import { MemoryFiles } from '../../src/os/host-files-memory.js'

const text = `# a comment
0001  First
8086  Intel  Corporation
# inside
\t0007  82379AB
\t\t8086 0007  Subsystem
\t1234  Bö\t"<&>"
10de  NVIDIA

\t2923  After an empty line

C 01  Mass storage controller
\t06  SATA controller
ffff  Illegal`

const ids = (path: string) => new IdDatabase([new MemoryFiles(), new MemoryFiles({ [path]: text })], 'pci.ids')

describe('the database of names', () => {
  it.each([
    [0x8086, 0x0007, { vendor: 'Intel  Corporation', product: '82379AB' }],
    [0x8086, 0x1234, { vendor: 'Intel  Corporation', product: 'Bö\t"<&>"' }],
    [0x8086, 0x2923, { vendor: 'Intel  Corporation' }],
    [0x10de, 0x2923, { vendor: 'NVIDIA', product: 'After an empty line' }],
    [0x0001, 0x0007, { vendor: 'First' }],
    [0xffff, 0x0001, { vendor: 'Illegal' }],
    [0x0006, 0x0006, {}],
  ])('knows vendor %x and its product %x', (vendor, product, names) => {
    const database = ids('/usr/share/misc/pci.ids')
    expect([database.lookup(vendor, product), database.lookup(vendor, product)]).toEqual([names, names])
  })

  it('is where Fedora has it, too', () => {
    expect(ids('/usr/share/hwdata/pci.ids').lookup(1, 1)).toEqual({ vendor: 'First' })
  })

  it('knows nothing where there is none', () => {
    expect(ids('/elsewhere').lookup(0x8086, 7)).toEqual({})
  })
})
