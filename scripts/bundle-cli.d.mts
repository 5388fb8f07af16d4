export declare function bundleCli(): Promise<string>
