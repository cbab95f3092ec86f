/** As tasks.json calls them. */
export type System = 'windows' | 'linux' | 'osx';

export interface FoundTask {
  /** As it is called where it was found. */
  readonly label: string;
  readonly command: string | readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it looks like something that keeps running. */
  readonly likely: boolean;
}
