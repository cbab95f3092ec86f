/** What `tree-warden top` shows and asks for; its screen knows nothing of wardens. */

import type { TreeId } from '../../protocol/identity.ts';

/** A row of the list: a tree, an instance that is declared and does not run, or a member of the tree above it. */
export interface TopRow {
  /** Stable identity of the row. */
  readonly key: string;
  readonly warden: string;
  /** Of the instance, or of what is declared. */
  readonly name: string;
  readonly tree?: TreeId;
  readonly label: string;
  readonly depth: 0 | 1;
  /** One word: `ready`, `failed`, `stopped`. */
  readonly state: string;
  readonly isLive: boolean;
  /** Percent of one core, and bytes; absent where nothing runs. */
  readonly cpuPercent?: number;
  readonly memoryBytes?: number;
  readonly ports: string;
  readonly pid?: number;
  /** Milliseconds since 1970. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** What is to be known beside the state: what it asks, why it has ended, what it waits for. */
  readonly note: string;
  /** It waits for a person's answer. */
  readonly asks: boolean;
  /** Of its warden, where there are several: the folder of a window, or the command line. */
  readonly place: string;
  /** Whether there is a copy of what it prints. */
  readonly hasOutput: boolean;
  /** Output that is not as a terminal prints it: a newline does not return to the first column. */
  readonly isPlain?: boolean;
}

export type TopVerb = 'start' | 'stop' | 'restart' | 'kill';

export interface TopSource {
  readonly rows: readonly TopRow[];
  /** Resolves with what has come of it, as a sentence. @throws Error with a sentence. */
  act(verb: TopVerb, row: TopRow): Promise<string>;
  /** Types a text into it, with Enter behind each of its lines. @throws Error with a sentence. */
  type(row: TopRow, text: string): Promise<void>;
  /** Sends its output from the oldest that is kept on; `onEnd` is called once. */
  follow(row: TopRow, onChunk: (chunk: Buffer) => Promise<void>, onEnd: (problem: string | undefined) => void): Disposable;
  /** `onChange`: rows are others; `onNotice`: something has happened that is to be known, as a sentence. */
  listen(onChange: () => void, onNotice: (sentence: string) => void): void;
}
