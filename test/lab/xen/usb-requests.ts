/**
 * Runs in the lab's dom0: gives a guest ten USB devices, by us and by xl, and prints what was
 * asked of xenstored for it.
 */
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { connect } from '../../../src/index.js'
import { xen } from '../../../src/xen.js'
import { CountingStore } from './counting-store.js'

const name = 'pvusb'

async function tenDevices() {
  await using store = await CountingStore.at('/tmp/counting-xenstored')
  const counted = () => {
    const asked = store.take()
    return { requests: asked.length, transactions: asked.filter((each) => each === 'TRANSACTION_START').length }
  }
  // the proxy is in this process, which must not stand still while xl runs
  const xl = async (...argv: string[]) =>
    (await promisify(execFile)('xl', argv, { env: { ...process.env, XENSTORED_PATH: store.path } })).stdout
  await using host = await connect(xen({ store: store.path, patience: 600_000 }))
  const devices = await host.listNodeDevices({ capability: 'usb_device' })
  const tablets = (await Promise.all(devices.map((each) => each.def()))).flatMap(({ capabilities: [usb] }) =>
    usb?.kind === 'usb_device' && usb.vendor.id === 0x0627 ? [{ bus: usb.bus, device: usb.device }] : [],
  )
  const ten = tablets.slice(0, 10)
  const guest = await host.lookupDomain(name)
  const { index = 0 } = await guest.attachController({ version: 2, ports: 10 })
  const isConnected = async () => (await guest.controllers()).some((each) => each.index === index && each.state === 4)
  while (!(await isConnected())) await sleep(500)
  const place = { kind: 'usb', bus: index } as const

  store.take()
  const given = await guest.attachHostdevs(
    ten.map((address) => ({ kind: 'usb', managed: false, source: { address }, address: place })),
  )
  const givenByUs = counted()
  const listed = await xl('usb-list', name)
  store.take()
  await guest.detachHostdevs(given)
  const takenByUs = counted()

  for (const { bus, device } of ten)
    await xl('usbdev-attach', name, `hostbus=${bus}`, `hostaddr=${device}`, `controller=${index}`)
  const givenByXl = counted()
  for (const port of ten.keys()) await xl('usbdev-detach', name, String(index), String(port + 1))
  const takenByXl = counted()
  await guest.detachController(index)
  return { devices: ten.length, listed, givenByUs, takenByUs, givenByXl, takenByXl }
}

const seen = await tenDevices()
console.log(JSON.stringify(seen))

/** What it prints. */
export type UsbRequests = typeof seen
