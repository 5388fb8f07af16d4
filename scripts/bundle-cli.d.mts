export declare const cliFile: string
export declare function bundleCli(): Promise<void>
