import { quoteXl, type XlList, type XlSetting } from './xl-syntax.js'

/** A change of a text: what stands from `start` up to `end` is replaced. */
export interface XlEdit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The text with all changes made, those at one place in their order; what two of them take away goes once. */
export function edited(text: string, edits: readonly XlEdit[]): string {
  let made = ''
  let at = 0
  for (const { start, end, text: put } of [...edits].sort((a, b) => a.start - b.start)) {
    made += text.slice(at, Math.max(at, start)) + put
    at = Math.max(at, end)
  }
  return made + text.slice(at)
}

const inserted = (at: number, text: string): XlEdit => ({ start: at, end: at, text })

/** A line more at the end, on which the last may not have been ended. */
export const lineAdded = (text: string, line: string): XlEdit =>
  inserted(text.length, `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`)

const isBlank = (text: string): boolean => /^\s*$/.test(text)

const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1

/** Takes a piece of text away, with the blanks behind it, and with its line when nothing else stands there. */
function cut(text: string, start: number, upTo: number): XlEdit {
  const blanks = /[ \t]*/y
  blanks.lastIndex = upTo
  blanks.test(text)
  const end = blanks.lastIndex
  if (text[end] !== '\n') return { start, end, text: '' }
  const from = lineStart(text, start)
  return isBlank(text.slice(from, start)) ? { start: from, end: end + 1, text: '' } : { start, end, text: '' }
}

/** Takes a whole setting away. */
export const settingCut = (text: string, { start, end }: XlSetting): XlEdit => cut(text, start, end)

/** Takes an item out of a list, with its comma, and leaves the comments. */
export function itemCut(text: string, { items }: XlList, index: number): XlEdit {
  const { node, comma } = items[index] as XlList['items'][number]
  if (comma !== undefined) return cut(text, node.start, comma + 1)
  const before = items[index - 1]?.comma
  return before !== undefined && isBlank(text.slice(before + 1, node.start))
    ? { start: before, end: node.end, text: '' }
    : cut(text, node.start, node.end)
}

/** Puts an item at the end of a list, on a line of its own where the last one has one. */
export function itemAdded(text: string, list: XlList, value: string): XlEdit[] {
  const item = quoteXl(value)
  const close = list.end - 1
  const last = list.items.at(-1)
  if (!last)
    return [
      isBlank(text.slice(list.start + 1, close))
        ? { start: list.start + 1, end: close, text: ` ${item} ` }
        : inserted(close, `${item} `),
    ]
  const { node, comma } = last
  const indent = text.slice(lineStart(text, node.start), node.start)
  const lineEnd = text.indexOf('\n', comma ?? node.end)
  if (!isBlank(indent) || lineEnd < 0 || close < lineEnd) return [inserted(node.end, `, ${item}`)]
  // a comment behind the last item stays with it
  return comma === undefined
    ? [inserted(node.end, ','), inserted(lineEnd, `\n${indent}${item}`)]
    : [inserted(lineEnd, `\n${indent}${item},`)]
}
