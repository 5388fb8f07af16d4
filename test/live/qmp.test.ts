import { expect, it } from 'vitest'
import { connectUnix } from '../../src/os/socket.js'
import { openMonitor } from '../../src/wire/qmp/open.js'
import { needs } from '../needs.js'
import { clientSuite } from '../wire/qmp/client-suite.js'
import { absentQemu, startQemu } from './qemu.js'

needs(absentQemu).describe('QmpClient on a real QEMU', () => {
  clientSuite(startQemu)

  it('reads its longest reply', async () => {
    await using qemu = await startQemu()
    const client = await openMonitor(await connectUnix(qemu.path))
    const schema = await client.execute('query-qmp-schema')
    expect(JSON.stringify(schema).length).toBeGreaterThan(100_000)
    client.close()
  })

  it('reads a monitor that prints prettily', async () => {
    await using qemu = await startQemu([], ',pretty=on')
    const client = await openMonitor(await connectUnix(qemu.path))
    expect(await client.execute('query-status')).toMatchObject({ status: 'prelaunch' })
    expect(await client.execute('query-qmp-schema')).toBeInstanceOf(Array)
    client.close()
  })

  it('tells that QEMU was killed', async () => {
    await using qemu = await startQemu()
    const client = await openMonitor(await connectUnix(qemu.path))
    qemu.process.kill('SIGKILL')
    expect(await client.closed).toMatchObject({ code: 'no-connection' })
  })

  it('does not answer within no time', async () => {
    await using qemu = await startQemu()
    const client = await openMonitor(await connectUnix(qemu.path))
    qemu.process.kill('SIGSTOP')
    await expect(client.execute('query-status', {}, { timeout: 50 })).rejects.toMatchObject({ code: 'timeout' })
    qemu.process.kill('SIGCONT')
    expect(await client.execute('query-status')).toMatchObject({ status: 'prelaunch' })
    client.close()
  })
})
