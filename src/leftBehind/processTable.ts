import { Buffer } from 'node:buffer';
import type { Origins } from '../platform/origins.ts';
import { markRange, type Platform, type ProcessStat } from '../platform/platform.ts';
import type { ListeningPort } from '../protocol/listeningPorts.ts';
import { environmentMarks } from './editorMarks.ts';
import type { ProcessRow } from './processRow.ts';

export interface TableSource {
  readonly platform: Platform;
  readonly origins: Origins;
}

/** The process table; what is costly to read of a process is read when it is asked for, and once. */
export function readTable(source: TableSource): ReadRow[] {
  return source.platform.allProcesses().map((stat) => new ReadRow(source, stat));
}

type Marks = Pick<ProcessRow, 'isMarked' | 'limitMark'>;

export class ReadRow implements ProcessRow {
  readonly #source: TableSource;
  readonly #stat: ProcessStat;
  readonly pid: number;
  readonly startTime: number;
  readonly parent: number;
  readonly session: number;
  readonly alive: boolean;
  readonly name: string;
  readonly hasTerminal: boolean;
  ports: readonly ListeningPort[] = [];
  #isOwned: boolean | undefined;
  #argv: readonly string[] | undefined;
  #cwd: { readonly path: string | undefined } | undefined;
  #environment: ReadonlyMap<string, string> | undefined;
  #cgroup: { readonly path: string | undefined } | undefined;
  #marks: Marks | undefined;

  constructor(source: TableSource, stat: ProcessStat) {
    this.#source = source;
    this.#stat = stat;
    this.pid = stat.pid;
    this.startTime = stat.startTime;
    this.parent = stat.parent;
    this.session = stat.session;
    this.alive = stat.alive;
    this.name = stat.name;
    this.hasTerminal = stat.terminal !== 0;
  }

  get isOwned(): boolean {
    this.#isOwned ??= this.#source.origins.isVisible(this.pid);
    return this.#isOwned;
  }

  /** The platform reads bytes as they are; paths are in UTF-8. */
  get argv(): readonly string[] {
    this.#argv ??= this.#source.platform.argvOf(this.pid).map(decode);
    return this.#argv;
  }

  get cwd(): string | undefined {
    this.#cwd ??= { path: this.#source.origins.cwdOf(this.pid) };
    return this.#cwd.path;
  }

  get executable(): string | undefined {
    return this.#source.platform.executableOf(this.pid);
  }

  get environment(): ReadonlyMap<string, string> {
    this.#environment ??= this.#source.origins.environmentOf(this.pid, environmentMarks);
    return this.#environment;
  }

  get sharesNames(): boolean {
    return this.#source.origins.sharesNames(this.pid);
  }

  get cgroup(): string | undefined {
    this.#cgroup ??= { path: this.#source.origins.cgroupOf(this.pid) };
    return this.#cgroup.path;
  }

  get isMarked(): boolean {
    return this.#marksRead.isMarked;
  }

  get limitMark(): number | undefined {
    return this.#marksRead.limitMark;
  }

  get ageMillis(): number {
    return this.#source.origins.ageMillis(this.startTime);
  }

  get stat(): ProcessStat {
    return this.#stat;
  }

  get #marksRead(): Marks {
    this.#marks ??= this.#readMarks();
    return this.#marks;
  }

  #readMarks(): Marks {
    const marks = this.#source.platform.marksOf(this.pid);
    const limit = marks?.limit ?? 0;
    const isMark = limit >= markRange.from && limit < markRange.from + 2 ** markRange.bits;
    return { isMarked: marks === undefined || marks.environment.length > 0, limitMark: isMark ? limit : undefined };
  }
}

function decode(bytes: string): string {
  return /^[\x20-\x7e]*$/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString();
}
