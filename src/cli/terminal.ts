import pc from 'picocolors'

/** What the output goes to: its width and whether it shows colour. */
export interface Terminal {
  write(text: string): void
  /** Columns; infinite when it is a file or a pipe. */
  readonly width: number
  readonly colour: ReturnType<typeof pc.createColors>
}

/** Colour only on a terminal, or when FORCE_COLOR asks for it; never when NO_COLOR is set (no-color.org). */
export function terminalOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const colour = env.NO_COLOR ? false : Boolean(env.FORCE_COLOR) || (stream.isTTY && env.TERM !== 'dumb')
  return {
    write: (text) => void stream.write(text),
    width: stream.isTTY ? (stream.columns ?? 80) : Number.POSITIVE_INFINITY,
    colour: pc.createColors(Boolean(colour)),
  }
}

/**
 * Text from a device, safe to show: a USB product name may hold escape sequences that would command the terminal, or
 * marks that reverse the line.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = (character.codePointAt(0) as number).toString(16)
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`
  })

/** The text in at most so many columns, its end marked when it is cut. */
export function cut(text: string, columns: number): string {
  const characters = [...text]
  if (characters.length <= columns) return text
  return columns < 1 ? '' : `${characters.slice(0, columns - 1).join('')}…`
}

/** The words with commas between them, in lines of at most so many columns, if a word has not more. */
export function wordList(words: readonly string[], columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const [index, word] of words.entries()) {
    const text = index < words.length - 1 ? `${word},` : word
    if (line && line.length + 1 + text.length > columns) {
      lines.push(line)
      line = text
    } else line = line ? `${line} ${text}` : text
  }
  return line ? [...lines, line] : lines
}
