import { join } from 'node:path';
import { errorText } from '../../protocol/errors.ts';
import type { HistoryPoint } from '../../protocol/figures.ts';
import type { TreeId } from '../../protocol/identity.ts';
import { LogFile } from './logFile.ts';

/** What the trees have used, in means over twenty seconds, as JSON lines in `history.jsonl` beside the logs; rotated as they are. */
export class KeptHistory {
  readonly #file: LogFile;

  constructor(folder: string, alert: (message: string) => void) {
    const path = join(folder, 'history.jsonl');
    this.#file = new LogFile(path, (error) =>
      alert(`The history ${path} cannot be written: ${errorText(error)}. It is kept in memory all the same.`),
    );
  }

  write(tree: TreeId, spec: string, { at, ...figures }: HistoryPoint): void {
    const rounded = Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Math.round(value * 10) / 10]));
    this.#file.write(`${JSON.stringify({ time: new Date(at).toISOString(), tree, spec, ...rounded })}\n`, () => undefined);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
