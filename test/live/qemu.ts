import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const program = 'qemu-system-x86_64'

/** Why no QEMU can be run here; `undefined` where one can. */
export const absentQemu: string | undefined =
  spawnSync(program, ['--version']).error === undefined ? undefined : `${program} is not installed`

/** A QEMU of our own, stopped before its first instruction, with a monitor at `path`. */
export interface LiveQemu extends AsyncDisposable {
  readonly path: string
  readonly process: ChildProcess
}

/** Starts a QEMU that needs no KVM: a q35 machine with nothing but a USB controller, `usb.0`, and what is asked for. */
export async function startQemu(args: readonly string[] = [], monitorOptions = ''): Promise<LiveQemu> {
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-qemu-'))
  const path = join(folder, 'monitor')
  const monitor = ['-chardev', `socket,id=monitor,path=${path},server=on,wait=off`]
  const mode = ['-mon', `chardev=monitor,mode=control${monitorOptions}`]
  const machine = ['-S', '-nodefaults', '-display', 'none', '-machine', 'q35', '-accel', 'tcg', '-m', '64']
  const usb = ['-device', 'qemu-xhci,id=usb']
  const child = spawn(program, [...machine, ...usb, ...monitor, ...mode, ...args], { stdio: 'inherit' })
  while (child.exitCode === null && !(await listens(path))) await sleep(10)
  return {
    path,
    process: child,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}

/** Whether somebody listens there; that a socket exists does not say so yet. */
async function listens(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
