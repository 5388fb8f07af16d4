// A process of its own that changes containers of a made-up host in a folder: the crash tests
// kill it, the race runs two.
import { type ContainerWork, containerHost, containerWorks } from './openvz-works.js'

const [root = '', work = '', at = '0'] = process.argv.slice(2)

let points = 0
/** A place where the process may be killed. */
const point = () => {
  if (++points === Number(at)) process.kill(process.pid, 'SIGKILL')
}
const host = await containerHost(root, point)

/** Gives a stopped container 40 interfaces, one edit each, whose names begin as the last argument says. */
async function many(): Promise<void> {
  const off = await host.lookupDomain('102')
  for (let index = 0; index < 40; index++)
    await off.attachHostdev({ kind: 'net', source: { interface: `${at}${index}` } }, { config: true })
}

if (work === 'many') await many()
else await containerWorks[work as ContainerWork](host)
point()
console.log(points)
