import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { daemonAddress } from '../../../src/backends/libvirt/daemon-address.js'
import { sshCommand } from '../../../src/backends/libvirt/ssh-command.js'
import { parseUri } from '../../../src/model/uri.js'

const ann = { root: false, runtime: '/run/user/1000', config: '/home/ann/.config', home: '/home/ann' }
const commandOf = (uri: string, readOnly = false) => sshCommand(daemonAddress(parseUri(uri), ann, { readOnly }))

describe('sshCommand', () => {
  it.each([
    ['qemu+ssh://far/system', ['ssh', '-T', '-e', 'none', '--', 'far']],
    ['qemu+ssh:///system', ['ssh', '-T', '-e', 'none', '--', 'localhost']],
    ['qemu+ssh://ann@far:22/system', ['ssh', '-p', '22', '-l', 'ann', '-T', '-e', 'none', '--', 'far']],
    ['qemu+ssh://[fe80::1%25eth0]/system', ['ssh', '-T', '-e', 'none', '--', 'fe80::1%25eth0']],
    ['qemu+ssh://far/?keyfile=/k&command=/opt/ssh', ['/opt/ssh', '-i', '/k', '-T', '-e', 'none', '--', 'far']],
    [
      'qemu+ssh://far/?no_tty=1&no_verify=1',
      ['ssh', '-T', '-e', 'none', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '--', 'far'],
    ],
    ['qemu+ssh://far/?no_tty=0&NO_VERIFY=0', ['ssh', '-T', '-e', 'none', '--', 'far']],
    [
      'qemu+libssh://far/?known_hosts=/a%20b%25&known_hosts_verify=auto',
      [
        ...['ssh', '-T', '-e', 'none', '-o', 'StrictHostKeyChecking=accept-new'],
        ...['-o', 'UserKnownHostsFile="/a b%%"', '--', 'far'],
      ],
    ],
  ])('calls ssh for %s', (uri, argv) => {
    expect(commandOf(uri).slice(0, -1)).toEqual(argv)
  })

  const nc =
    "if '\\''nc'\\'' -q 2>&1 | grep \"requires an argument\" >/dev/null 2>&1; then ARG=-q0; else ARG=; fi; '\\''nc'\\'' $ARG -U "
  it.each([
    ['qemu+ssh://far/system?proxy=native', false, "sh -c 'virt-ssh-helper '\\''qemu:///system'\\'''"],
    ['qemu+ssh://far/session?proxy=native', true, "sh -c 'virt-ssh-helper -r '\\''qemu:///session'\\'''"],
    ['qemu+ssh://far/system?proxy=netcat', false, `sh -c '${nc}'\\''/var/run/libvirt/libvirt-sock'\\'''`],
    ['qemu+ssh://far/system?proxy=netcat', true, `sh -c '${nc}'\\''/var/run/libvirt/libvirt-sock-ro'\\'''`],
    ['xen+ssh://far/system?proxy=netcat&mode=direct', false, `sh -c '${nc}'\\''/var/run/libvirt/virtxend-sock'\\'''`],
  ])('has the other host run, for %s (read-only: %s)', (uri, readOnly, command) => {
    expect(commandOf(uri, readOnly).at(-1)).toBe(command)
  })

  it.each([
    ['qemu+ssh://-oProxyCommand=touch/system', 'is no host for ssh'],
    ['qemu+ssh://a;touch/system', 'is no host for ssh'],
    ['qemu+ssh://a$(touch)/system', 'is no host for ssh'],
    ['qemu+ssh://-l@far/system', 'is no user for ssh'],
    ['qemu+ssh://a%20b@far/system', 'is no user for ssh'],
    ['qemu+ssh://a%60b%60@far/system', 'is no user for ssh'],
    ['qemu+ssh://a%00@far/system', 'is no user for ssh'],
    ['qemu+ssh://far/system?keyfile=-oProxyCommand=x', 'keyfile is'],
    ['qemu+ssh://far/system?command=-x', 'command is'],
    ['qemu+ssh://far/system?netcat=a%0Ab', 'netcat is'],
    ['qemu+ssh://far/system?proxy=netcat&socket=relative', 'an absolute path'],
    ['qemu+ssh://far/system?known_hosts=relative', 'an absolute path'],
    ['qemu+ssh://far/system?known_hosts=/a%22%20-o%20x', 'an absolute path without'],
    ['qemu+ssh://far/system?known_hosts_verify=maybe', 'normal, auto, ignore'],
    ['qemu+ssh://far/system?proxy=carrier', 'auto, netcat or native'],
    ['qemu+ssh://far/system?proxy=native&netcat=nc', 'leave one of them out'],
    ['qemu+ssh://far/session?proxy=netcat', "a session's socket"],
    ['qemu+ssh://far/system?no_verify=yes', 'no_verify is yes'],
    ['qemu+ssh://far/system?name=qemu:///x%0Atouch', 'its URI is'],
  ])('refuses %s', (uri, message) => {
    expect(() => commandOf(uri)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) }),
    )
  })
})

describe('the command on the other host', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-'))
  const bin = join(folder, 'bin path')
  afterAll(() => rmSync(folder, { recursive: true }))
  const install = (name: string, script: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  // prints how it was called, each argument in brackets
  const print = (name: string) => `printf '%s' ${name}; for a in "$@"; do printf '[%s]' "$a"; done`
  const run = (uri: string) =>
    execFileSync('/bin/sh', ['-c', commandOf(uri).at(-1) ?? ''], {
      encoding: 'utf8',
      env: { PATH: `${folder}:/usr/bin:/bin` },
    })
  const touched = join(folder, 'touched')

  it.each([
    ['qemu:///system', 'qemu+ssh://far/system?proxy=native', 'helper[qemu:///system]'],
    ['a name with quotes', "qemu+ssh://far/system?proxy=native&name=a'b%22c$d`e", 'helper[a\'b"c$d`e]'],
    [
      'a command in the name',
      `qemu+ssh://far/?proxy=native&name='%3Btouch%20${touched}%3B'`,
      `helper[';touch ${touched};']`,
    ],
    ['a socket with quotes', "qemu+ssh://far/?proxy=netcat&socket=/a'b%20$c%22", 'nc[-q0][-U][/a\'b $c"]'],
    [
      'a command in the socket',
      `qemu+ssh://far/?proxy=netcat&socket=/$(touch%20${touched})`,
      `nc[-q0][-U][/$(touch ${touched})]`,
    ],
    ['the helper, which is there', 'qemu+ssh://far/system', 'helper[qemu:///system]'],
    ['netcat for a socket', 'qemu+ssh://far/system?socket=/s', 'nc[-q0][-U][/s]'],
  ])('is told %s as one word', (_what, uri, called) => {
    install('virt-ssh-helper', print('helper'))
    install('nc', `if [ "$*" = -q ]; then echo "nc: option requires an argument -- 'q'"; exit 1; fi; ${print('nc')}`)
    expect(run(uri)).toBe(called)
    expect(existsSync(touched)).toBe(false)
  })

  it('calls a netcat without -q as it is', () => {
    install('nc', print('nc').replace('printf', '[ "$*" = -q ] || printf'))
    expect(run('qemu+ssh://far/?proxy=netcat&socket=/s')).toContain('nc[-U][/s]')
  })

  it('finds a netcat in a folder with a space', () => {
    expect(commandOf(`qemu+ssh://far/?netcat=${encodeURIComponent(`${bin}/nc`)}`).at(-1)).toContain(`${bin}/nc`)
  })
})
