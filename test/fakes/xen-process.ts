// A process of its own that changes a guest of a played Xen: the crash tests kill it.
import { subscribe } from 'node:diagnostics_channel'
import { connect } from '../../src/api/connect.js'
import { xen } from '../../src/backends/xen/xen.js'
import { openStore } from '../../src/wire/xenstore/open.js'
import { folderHost, Lifetime } from './folder-host.js'
import { type XenWork, xenWorks } from './xen-works.js'
import { PlayedXl } from './xen-xl.js'

const [folder = '', store = '', work = '', at = '0'] = process.argv.slice(2)
const life = new Lifetime(Number(at), () => process.kill(process.pid, 'SIGKILL'))
const { managed, kernel } = folderHost(folder, life)
// each request is a point, as each value is that is written
subscribe('hostdev:xenstore', (message) => {
  if ((message as { direction: string }).direction === 'sent') life.point()
})
const own = await openStore({ path: store })
const xl = new PlayedXl(own, kernel, async () => ({ stdout: '', stderr: '' }))
xl.before = life.point
const { files, writes } = managed
const host = await connect(xen({ store, files, writes, run: xl.run, stateFolder: `${folder}/state`, configs: folder }))
const works = await xenWorks(host)
await works[work as XenWork]()
await host.close()
own.close()
life.point()
console.log(life.points)
