import { Command } from 'commander'
import pc from 'picocolors'
import { beforeEach, describe, expect, it } from 'vitest'
import { addXenUsb } from '../../src/cli/commands/xen-usb.js'
import { type Connection, connect } from '../../src/index.js'
import { hosts, mock } from '../../src/mock.js'

let conn: Connection
beforeEach(async () => {
  conn = await connect(await mock(hosts.xenHost()))
})

/** Runs commands one after the other on the same host; answers what the last has printed. */
async function run(...lines: string[]): Promise<string> {
  let text = ''
  for (const line of lines) {
    text = ''
    const root = new Command()
    const work = (task: (conn: Connection) => Promise<void>) => task(conn)
    const out = { width: 80, colour: pc.createColors(false), write: (part: string) => (text += part) }
    addXenUsb({ root, out, open: async () => conn, named: () => [], read: work, change: work })
    await root.parseAsync(line.split(' '), { from: 'user' })
  }
  return text
}

describe('hostdev usb-list', () => {
  it("shows controllers and ports in xl's columns", async () => {
    expect(await run('usbdev-attach pv1 hostbus=1 hostaddr=0x3 controller=0 port=2', 'usb-list 1')).toBe(
      `Devid  Type         BE  state usb-ver ports
0      pv           0   0     2       8    
  Port 1:
  Port 2: Bus 001 Device 003
  Port 3:
  Port 4:
  Port 5:
  Port 6:
  Port 7:
  Port 8:
`,
    )
  })

  it('shows nothing for a guest without controllers', async () => {
    expect(await run('usb-list hvm1')).toBe('')
  })

  it('refuses a guest that is not there', async () => {
    await expect(run('usb-list 77')).rejects.toMatchObject({ code: 'no-domain' })
  })
})

describe('hostdev usbctrl-attach', () => {
  it('says nothing and gives the controller the next number', async () => {
    expect(await run('usbctrl-attach pv1 type=qusb version=1 ports=1')).toBe('')
    expect(await run('usb-list pv1')).toMatch(/^1 {6}qusb {9}0 {3}0 {5}1 {7}1 {4}\n {2}Port 1:\n/m)
  })

  it.each(['ports=40', 'foo=3', 'type=ps2', 'version=4'])('refuses %s, as xl does', async (setting) => {
    await expect(run(`usbctrl-attach pv1 ${setting}`)).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

describe('hostdev usbctrl-detach', () => {
  it('takes a controller by its number', async () => {
    expect(await run('usbctrl-detach pv1 0', 'usb-list pv1')).toBe('')
  })
})

describe('hostdev usbdev-detach', () => {
  it.each(['0 2', 'controller=0 port=2'])('takes the device from the port: %s', async (place) => {
    const attach = 'usbdev-attach pv1 hostbus=1 hostaddr=3 controller=0 port=2'
    expect(await run(attach, `usbdev-detach pv1 ${place}`, 'usb-list pv1')).not.toContain('Bus')
  })

  it('refuses a port that is empty, and what is no port', async () => {
    await expect(run('usbdev-detach pv1 0 5')).rejects.toMatchObject({ code: 'device-missing' })
    await expect(run('usbdev-detach pv1 0 0')).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

describe('hostdev usbdev-attach', () => {
  it.each(['hostbus=1', 'hostbus=300 hostaddr=3', 'hostbus=1 hostaddr=3 port=2', 'hostbus=1 hostaddr=3 port=99'])(
    'refuses %s',
    async (settings) => {
      await expect(run(`usbdev-attach pv1 ${settings}`)).rejects.toMatchObject({ code: 'invalid-argument' })
    },
  )
})
