import { stripVTControlCharacters } from 'node:util';
import { linePrefixes } from '../client/logs/linePrefixes.ts';
import type { MergedLine } from '../client/logs/mergedLines.ts';
import { exactDateAndTime } from '../protocol/format.ts';
import type { FoundLog } from './foundLogs.ts';
import { writeOut } from './stdout.ts';

/** What is collected before it is written, in bytes. */
const batchBytes = 64 * 1024;
/** As wide as {@link exactDateAndTime}. */
const unknownTime = '-'.padEnd('2026-01-31 12:00:00.000'.length);
const lineEnd = Buffer.from('\n');

export interface PrintOptions {
  readonly timestamps: boolean;
  /** An object of each line: `time` (null where it is not known), `name`, `tree` and `line`, which has no colours. */
  readonly json: boolean;
}

/** Prints lines of logs: where they are of several processes, each behind the name of its own. */
export class LogPrinter {
  readonly #logs: readonly FoundLog[];
  readonly #prefixes: readonly string[];
  readonly #options: PrintOptions;
  readonly #batch: Buffer[] = [];
  #batchLength = 0;

  constructor(logs: readonly FoundLog[], options: PrintOptions) {
    const labels = [...new Set(logs.map(({ label }) => label))];
    const prefixes = labels.length > 1 ? linePrefixes(labels, process.stdout.isTTY) : [];
    this.#logs = logs;
    this.#prefixes = logs.map(({ label }) => prefixes[labels.indexOf(label)] ?? '');
    this.#options = options;
  }

  /** Resolves when the output takes more. */
  async print({ data, at, index }: MergedLine): Promise<void> {
    if (this.#options.json) this.#add(Buffer.from(this.#asJson(data, at, index)));
    else {
      const time = this.#options.timestamps ? `${at === undefined ? unknownTime : exactDateAndTime(at)} ` : '';
      this.#add(Buffer.from(`${this.#prefixes[index] ?? ''}${time}`));
      this.#add(data);
    }
    this.#add(lineEnd);
    if (this.#batchLength >= batchBytes) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#batchLength === 0) return;
    this.#batchLength = 0;
    await writeOut(Buffer.concat(this.#batch.splice(0)));
  }

  #asJson(data: Buffer, at: number | undefined, index: number): string {
    const { label, id } = this.#logs[index] ?? {};
    const time = at === undefined ? null : new Date(at).toISOString();
    return JSON.stringify({ time, name: label, tree: id, line: stripVTControlCharacters(data.toString()) });
  }

  #add(part: Buffer): void {
    this.#batch.push(part);
    this.#batchLength += part.length;
  }
}
