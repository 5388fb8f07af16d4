import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LinuxHost } from '../../src/host/linux-host.js'
import { type NodeDeviceDef, nodeDevice } from '../../src/model/node-device.js'
import { type MemoryFile, MemoryFiles } from '../../src/os/host-files-memory.js'
import { smallTree } from '../data/small-tree.js'

const paths = smallTree.map(([path]) => path)

/** What may be found where something sensible is expected. */
const anything: fc.Arbitrary<MemoryFile | undefined> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom('-1\n', '18446744073709551616\n', '0x\n', '\0\0', '\n', ']]>\'"<&', '9'.repeat(5000)),
  fc.constantFrom<MemoryFile>({ kind: 'directory' }, { errno: 'EIO' }, { errno: 'EACCES' }, { link: '..' }),
  fc.constantFrom<MemoryFile>({ link: '/' }, { link: '.' }, { link: '' }, { link: '../../../../../etc' }),
  fc.constant(undefined),
)
const changes = fc.array(fc.tuple(fc.constantFrom(...paths), anything), { minLength: 1, maxLength: 12 })

async function read(host: LinuxHost, compat: boolean): Promise<NodeDeviceDef[]> {
  const defs: NodeDeviceDef[] = []
  for await (const def of host.defs({}, { compat })) defs.push(def)
  return defs
}

describe('a host in which files hold anything', () => {
  it('is read without a failure, and what is read can be written and read again', async () => {
    await fc.assert(
      fc.asyncProperty(changes, fc.boolean(), async (changed, compat) => {
        const files = new MemoryFiles(smallTree)
        const host = new LinuxHost({ files })
        await read(host, compat)
        for (const [path, file] of changed) {
          if (file === undefined) files.delete(path)
          else files.set(path, file)
        }
        const names = await host.list({}, { compat })
        const defs = await read(host, compat)
        expect(new Set(names).size).toBe(names.length)
        for (const def of defs) {
          expect(names).toContain(def.name)
          expect(nodeDevice.parse(nodeDevice.format(def)).name).toBe(def.name)
        }
      }),
      { numRuns: 200 },
    )
  })
})
