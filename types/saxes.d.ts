/** The part of saxes 6 that the parser uses; its own typings do not compile under TypeScript 6. */
declare module 'saxes' {
  export interface SaxesTag {
    name: string
    attributes: Record<string, string>
    isSelfClosing: boolean
  }
  export interface SaxesHandlers {
    xmldecl(declaration: { version?: string; encoding?: string; standalone?: string }): void
    text(text: string): void
    cdata(text: string): void
    doctype(doctype: string): void
    comment(comment: string): void
    processinginstruction(instruction: { target: string; body: string }): void
    opentagstart(tag: SaxesTag): void
    attribute(attribute: { name: string; value: string }): void
    opentag(tag: SaxesTag): void
    closetag(tag: SaxesTag): void
    error(error: Error): void
    end(): void
    ready(): void
  }
  export class SaxesParser {
    constructor(options?: { xmlns?: boolean; fragment?: boolean; position?: boolean })
    on<N extends keyof SaxesHandlers>(name: N, handler: SaxesHandlers[N]): void
    off(name: keyof SaxesHandlers): void
    write(chunk: string | null): this
    close(): this
    fail(message: string): this
    readonly line: number
    readonly column: number
    readonly position: number
    readonly closed: boolean
    readonly xmlDecl: { version?: string; encoding?: string; standalone?: string }
  }
}
