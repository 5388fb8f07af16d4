import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtError } from '../../src/errors.js'
import type { RunCommand } from '../../src/os/command.js'
import type { XenstoreClient } from '../../src/wire/xenstore/client.js'
import { openStore } from '../../src/wire/xenstore/open.js'

/** A guest that a test starts. */
export interface PlayedGuest {
  readonly id: number
  readonly name: string
  readonly uuid: string
  /** As `xl list` shows it; `r-----` unless told. */
  readonly flags?: string
  readonly type?: 'pv' | 'hvm' | 'pvh'
}

export const alpha: PlayedGuest = { id: 5, name: 'alpha', uuid: '11111111-0000-4000-8000-000000000005' }
export const beta: PlayedGuest = { id: 6, name: 'beta', uuid: '11111111-0000-4000-8000-000000000006' }

export const gamma: PlayedGuest = { id: 7, name: 'gamma', uuid: '11111111-0000-4000-8000-000000000007' }

/** What xl and the hypervisor do beside xenstored: guests come and go, and `xl list` shows them. */
export class PlayedDom0 implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'hostdev-dom0-'))
  readonly configs = join(this.folder, 'xen')
  readonly #guests = new Map<number, PlayedGuest>()

  private constructor(readonly store: XenstoreClient) {
    mkdirSync(this.configs)
  }

  static async on(path: string): Promise<PlayedDom0> {
    const dom0 = new PlayedDom0(await openStore({ path }))
    await dom0.store.write('/tool/xenstored', '')
    await dom0.store.write('/local/domain/0/name', 'Domain-0')
    return dom0
  }

  /** What libxl has written of a guest when it starts. */
  async start(guest: PlayedGuest): Promise<void> {
    const { id, name, uuid, type = 'pv' } = guest
    this.#guests.set(id, guest)
    const own = `/local/domain/${id}`
    await this.store.transaction(async (view) => {
      await view.mkdir(own)
      await view.setPermissions(own, ['n0', `r${id}`])
      await view.write(`${own}/vm`, `/vm/${uuid}`)
      await view.write(`${own}/name`, name)
      await view.write(`${own}/device/suspend/event-channel`, '')
      await view.write(`/vm/${uuid}/name`, name)
      await view.write(`/libxl/${id}/type`, type)
    })
    // a frame and an event channel, which nobody uses
    await this.store.ask('INTRODUCE', [String(id), '1', '1'])
  }

  /** What libxl and QEMU have written of a guest's device model. */
  async startDeviceModel({ id }: PlayedGuest): Promise<void> {
    await this.store.write(`/local/domain/0/device-model/${id}/state`, 'running')
    await this.store.write(`/local/domain/0/device-model/${id}/backends/qusb`, '')
  }

  async stop({ id, uuid }: PlayedGuest): Promise<void> {
    this.#guests.delete(id)
    await this.store.ask('RELEASE', [String(id)])
    const own = [`/libxl/${id}`, `/local/domain/${id}`, `/vm/${uuid}`, `/local/domain/0/device-model/${id}`]
    for (const path of own) await this.store.remove(path)
    for (const kind of (await this.store.directory('/local/domain/0/backend')) ?? [])
      await this.store.remove(`/local/domain/0/backend/${kind}/${id}`)
  }

  /** The hypervisor lets it run no further. */
  pause(guest: PlayedGuest): void {
    this.#guests.set(guest.id, { ...guest, flags: '--p---' })
  }

  /** Plays xl. */
  readonly run: RunCommand = async (argv) => {
    if (argv.join(' ') !== 'xl list') throw new VirtError('unsupported', `${argv[0]} is not played`)
    const row = (name: string, id: number, flags: string) =>
      `${name.padEnd(40)} ${String(id).padStart(5)} ${' 1024'.padStart(5)} ${'1'.padStart(5)}     ${flags}  ${'2.5'.padStart(8)}\n`
    const rows = [...this.#guests.values()].map(({ name, id, flags = 'r-----' }) => row(name, id, flags))
    return {
      stdout: `Name                                        ID   Mem VCPUs\tState\tTime(s)\n${row('Domain-0', 0, 'r-----')}${rows.join('')}`,
      stderr: '',
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const guest of [...this.#guests.values()]) await this.stop(guest)
    for (const path of ['/libxl', '/local/domain/0/backend']) await this.store.remove(path)
    this.store.close()
    rmSync(this.folder, { recursive: true })
  }
}
