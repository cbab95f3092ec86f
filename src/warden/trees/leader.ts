import type { InputWait, ProcessStat } from '../../platform/platform.ts';
import type { ExitStatus } from '../../protocol/snapshot.ts';
import type { Dimensions } from '../../protocol/startRequest.ts';
import type { OutputSource } from '../output/treeOutput.ts';

export interface LeaderEvents {
  /** There is a child; called before anything that can fail behind the spawn. 0 where its pid is known late. */
  onChild(pid: number): void;
  /** `skipped` bytes before it, of a log that the tree writes by itself, were not read. */
  onOutput(chunk: Buffer, skipped?: number): void;
  /** No more output will come. */
  onOutputEnd(): void;
  onExit(status: ExitStatus): void;
}

export interface Leader extends OutputSource {
  readonly pid: number;
  /** Resolves when the pid is known, where a terminal tells it late (Windows); until then it is 0. */
  readonly known?: Promise<void>;
  /** Where the one client that may have its stdin and stdout can still connect; undefined for what is not `raw`. */
  readonly rawSocket?: string | undefined;
  /** Whether what is written arrives: its stdin is a terminal or a pipe of the warden's, which is still open. */
  readonly takesInput: boolean;
  /** See {@link OpenTerminal.inputWait}; absent where it is not known. */
  inputWait?(members: readonly ProcessStat[]): InputWait | undefined;
  write(data: Buffer): void;
  /** No more input will come. */
  endInput(): void;
  resize(dimensions: Dimensions): void;
  /** No process of the tree is left: what holds its output open is another one's. */
  treeEnded?(): void;
  /** Lets go of the descriptors to the tree. */
  close(): void;
}
