import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Ended, FakeVzctl } from './fake-vzctl.js'

const blind =
  'Unable to open /proc/vz/veinfo: No such file or directory\nUnable to open /proc/user_beancounters: No such file or directory\n'

/** Plays vzlist: of 4 on a kernel that is not OpenVZ's it sees nothing, without an error. */
export function vzlist(host: FakeVzctl, words: readonly string[]): Ended {
  const fields = optionOf(words, '-o')?.split(',') ?? ['ctid', 'status']
  const json = words.includes('-j')
  const wanted = words.find((word) => /^\d+$/.test(word))
  if (host.generation === 4 && host.kernel === 'upstream' && !words.includes('-S'))
    return { status: wanted === undefined ? 0 : 1, stdout: '', stderr: blind }
  if (host.generation === 4 && json && optionOf(words, '-o') === undefined)
    return { status: 0, stdout: '', stderr: 'Unable to open /proc/fairsched: No such file or directory\n' }

  const all = readdirSync(join(host.root, 'etc/vz/conf'))
    .flatMap((file) => /^([1-9]\d*|[\da-f-]{36})\.conf$/.exec(file)?.[1] ?? [])
    .filter((id) => host.generation === 9 || existsSync(join(host.root, 'vz/private', id)))
    .sort()
  const ids = wanted === undefined ? all : all.filter((id) => id === wanted)
  const shown = ids.filter((id) => wanted !== undefined || words.includes('-a') || host.isRunning(id))
  const rows = shown.map((id) => rowOf(host, id))
  const stderr = host.generation === 9 ? 'sh: 1: /usr/sbin/user_beancounters.py: not found\n' : complaints(host, ids)
  if (wanted !== undefined && shown.length === 0) return { status: 1, stdout: '', stderr }
  return { status: 0, stdout: json ? asJson(rows, fields) : asColumns(host, rows, fields), stderr }
}

const optionOf = (words: readonly string[], option: string): string | undefined => {
  const at = words.indexOf(option)
  return at < 0 ? undefined : words[at + 1]
}

type Row = Readonly<Record<string, string | readonly string[] | null>>

function rowOf(host: FakeVzctl, id: string): Row {
  const { values } = host.settings(id)
  const name = values.get('NAME')
  return {
    ctid: id,
    status: host.isRunning(id) ? 'running' : 'stopped',
    hostname: values.get('HOSTNAME') ?? null,
    name: name === undefined || name.includes('"') ? null : name,
    ip: (values.get('IP_ADDRESS') ?? '').split(' ').filter(Boolean),
  }
}

/** What 4 says of configs as it reads them. */
function complaints(host: FakeVzctl, ids: readonly string[]): string {
  const names = ids.flatMap((id) => {
    const { values, lines } = host.settings(id)
    const name = values.get('NAME')
    if (!name?.includes('"')) return []
    return `Warning at /etc/vz/conf/${id}.conf:${lines.get('NAME')}: invalid value for NAME ("${name}"), skipped`
  })
  const roots = ids.filter((id) => !existsSync(join(host.root, 'vz/root', id)))
  const missing = roots.map((id) => `stat(/vz/root/${id}): No such file or directory`)
  return [...names, ...missing].map((line) => `${line}\n`).join('')
}

/** Nothing is escaped. Numbers of containers are numbers. */
function asJson(rows: readonly Row[], fields: readonly string[]): string {
  const value = (field: string, of: Row) => {
    const it = of[field]
    if (it === null || it === undefined) return 'null'
    if (typeof it !== 'string') return `[${it.map((each) => `"${each}"`).join(', ')}]`
    return field === 'ctid' ? it : `"${it}"`
  }
  const objects = rows.map(
    (row) => `  {\n${fields.map((field) => `    "${field}": ${value(field, row)}`).join(',\n')}\n  }`,
  )
  return `[\n${objects.join(',\n')}\n]\n`
}

function asColumns({ generation }: FakeVzctl, rows: readonly Row[], fields: readonly string[]): string {
  const width = generation === 4 ? 10 : 36
  const cell = (field: string, row: Row) => {
    const text = String(row[field] ?? '-')
    return field === 'ctid' ? text.padStart(width) : text
  }
  return rows.map((row) => `${fields.map((field) => cell(field, row)).join(' ')}\n`).join('')
}
