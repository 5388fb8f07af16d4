import type { BuildOptions } from 'esbuild'

export declare function bundle(
  entry: string,
  file: string,
  options?: BuildOptions,
): Promise<{ url: string; inputs: string[] }>
