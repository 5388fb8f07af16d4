import type { BuildOptions } from 'esbuild'

export declare function bundle(
  entry: string,
  file: string,
  options?: BuildOptions & { first?: string },
): Promise<{ url: string; inputs: string[] }>
