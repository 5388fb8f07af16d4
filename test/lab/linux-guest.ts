import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LiveQemu, startQemu } from '../live/qemu.js'
import { labFolder } from './images.js'
import { qmp } from './qmp.js'

/** Milliseconds in which a guest says what it is waited for: emulated ones on a busy machine take long. */
const patience = 300_000

/** A guest of the QEMU of this machine that runs the lab's kernel, and says on its console what comes and goes. */
export interface LinuxGuest extends LiveQemu {
  /** Waits until it has said a line. */
  says(line: string): Promise<void>
  /** What it has said of a device, by its address. */
  saidOf(address: string): string[]
}

/** Starts one and waits until it is up. */
export async function startLinux(words: string, options: readonly string[]): Promise<LinuxGuest> {
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-linux-'))
  const console = join(folder, 'console')
  const kernel = ['-kernel', join(labFolder, 'kernel/vmlinux'), '-initrd', join(labFolder, 'initrd/guest-initrd')]
  const append = ['-append', `console=ttyS0 quiet no_timer_check mitigations=off ${words}`]
  const board = ['-m', '256', '-cpu', 'qemu64', '-serial', `file:${console}`, ...options]
  const qemu = await startQemu([...board, ...kernel, ...append])
  const lines = () => (existsSync(console) ? readFileSync(console, 'utf8').split(/\r?\n/) : [])
  const guest: LinuxGuest = {
    path: qemu.path,
    process: qemu.process,
    async says(line) {
      const end = Date.now() + patience
      while (!lines().includes(line)) {
        if (Date.now() > end) throw new Error(`the guest has not said "${line}":\n${lines().slice(-20).join('\n')}`)
        await sleep(100)
      }
    },
    saidOf: (address) => lines().filter((line) => line.split(' ')[2] === address),
    async [Symbol.asyncDispose]() {
      await qemu[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
  await qmp(qemu.path, 'cont')
  await guest.says('guest is up')
  return guest
}
