import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FakeVzctl } from '../fakes/vzctl/fake-vzctl.js'
import { FolderNetwork } from '../fakes/vzctl/folder-network.js'
import { containerHost, containerWorks } from '../fakes/vzctl/openvz-works.js'
import { root as project } from '../source-tree.js'

const config = '# web\nONBOOT="yes"\n'
let folder: string
let program: string
let root: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hostdev-openvz-crash-'))
  program = join(folder, 'openvz-process.mjs')
  const entryPoints = [join(project, 'test/fakes/vzctl/openvz-process.ts')]
  await build({ entryPoints, bundle: true, platform: 'node', format: 'esm', target: 'node20', outfile: program })
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A host with an interface and two containers, of which 101 runs. */
async function makeHost(): Promise<void> {
  const vzctl = new FakeVzctl({ generation: 4, root, network: new FolderNetwork(root) })
  vzctl.addContainer('101', config)
  vzctl.addContainer('102', 'ONBOOT="no"\n')
  mkdirSync(join(root, 'sys/class/net/eth1'), { recursive: true })
  mkdirSync(join(root, 'proc/sys/kernel/random'), { recursive: true })
  writeFileSync(join(root, 'sys/class/net/eth1/address'), '52:54:00:00:00:01\n')
  writeFileSync(join(root, 'proc/sys/kernel/random/boot_id'), 'a-boot\n')
  await vzctl.execute(['vzctl', 'start', '101'])
}
beforeEach(async () => {
  root = mkdtempSync(join(folder, 'host-'))
  await makeHost()
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** Runs a piece of work in a process of its own, killed at a point; answers how many points it has come by. */
async function run(work: string, at: number | string = 0): Promise<number | 'killed'> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program, root, work, String(at)])
    return Number(stdout)
  } catch (error) {
    if ((error as { signal?: string }).signal === 'SIGKILL') return 'killed'
    throw error
  }
}

const attach = async () => await containerWorks.attach(await containerHost(root))

const now = () => ({
  host: readdirSync(join(root, 'sys/class/net')),
  inside: readdirSync(join(root, 'run/netns/101')),
  config: readFileSync(join(root, 'etc/vz/conf/101.conf'), 'utf8'),
  journals: journals(),
})
const journals = () =>
  existsSync(join(root, 'state')) ? readdirSync(join(root, 'state')).filter((name) => name.startsWith('journal-')) : []
const onHost = { host: ['eth1'], inside: [], config, journals: [] }
const given = { host: [], inside: ['eth1'], config: `${config}NETDEV="eth1"\n`, journals: [] }
const takenBack = { host: ['eth1'], inside: [], config: `${config}NETDEV=""\n`, journals: [] }

describe('a process that changes a container and is killed', { timeout: 300_000 }, () => {
  it('leaves an interface that it was giving away where it can be recovered', async () => {
    const points = (await run('attach')) as number
    expect([points > 10, now()]).toEqual([true, given])
    for (let point = 1; point <= points; point++) {
      rmSync(root, { recursive: true })
      mkdirSync(root)
      await makeHost()
      expect(await run('attach', point)).toBe('killed')
      await (await containerHost(root)).recover()
      // one that was killed at its very end has given it away
      expect(now()).toEqual(point === points ? given : onHost)
    }
  })

  it('has the host get an interface that it was taking back', async () => {
    await attach()
    const points = (await run('detach')) as number
    expect(now()).toEqual(takenBack)
    for (let point = points; point > 0; point -= 2) {
      rmSync(root, { recursive: true })
      mkdirSync(root)
      await makeHost()
      await attach()
      expect(await run('detach', point)).toBe('killed')
      const begun = now().journals.length > 0 || now().host.length > 0
      await (await containerHost(root)).recover()
      expect(now()).toEqual(begun ? takenBack : given)
    }
  })

  it('has the host get the interfaces of a container that it was stopping', async () => {
    await attach()
    const points = (await run('stop')) as number
    expect(readdirSync(join(root, 'sys/class/net'))).toEqual(['eth1'])
    for (let point = 8; point <= points; point += 3) {
      rmSync(root, { recursive: true })
      mkdirSync(root)
      await makeHost()
      await attach()
      await run('stop', point)
      const begun = journals().length > 0
      await (await containerHost(root)).recover()
      if (begun) expect(readdirSync(join(root, 'sys/class/net'))).toEqual(['eth1'])
    }
  })
})

describe('two processes that edit one config', { timeout: 300_000 }, () => {
  it('lose nothing, nor does a vzctl that edits it beside them', async () => {
    const vzctl = new FakeVzctl({ generation: 4, root, network: new FolderNetwork(root) })
    const names = (prefix: string) => Array.from({ length: 40 }, (_, index) => `${prefix}${index}`)
    const both = Promise.all([run('many', 'a'), run('many', 'b')])
    const third: string[] = []
    for (const name of names('c').slice(0, 10)) {
      // a real one waits for nobody: it says 9, and is called again
      const { status } = await vzctl.execute(['vzctl', 'set', '102', '--netdev_add', name, '--save'])
      if (status === 0) third.push(name)
      await new Promise((done) => setTimeout(done, 30))
    }
    await both
    const words = /NETDEV="(.*)"/.exec(readFileSync(join(root, 'etc/vz/conf/102.conf'), 'utf8'))?.[1]?.split(' ')
    expect(words?.sort()).toEqual([...names('a'), ...names('b'), ...third].sort())
  })
})
