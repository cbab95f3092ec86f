import { join } from 'node:path';
import { errorText } from '../../protocol/errors.ts';
import type { HistoryPoint } from '../../protocol/figures.ts';
import type { TreeId } from '../../protocol/identity.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { LogFile } from './logFile.ts';

/** What the trees have used, in means over twenty seconds, as JSON lines in `history.jsonl` beside the logs; rotated as they are. */
export class KeptHistory {
  readonly #file: LogFile;

  constructor(folder: string, alert: (message: Text) => void) {
    const path = join(folder, 'history.jsonl');
    this.#file = new LogFile(path, (error) => alert(localizable('historyNotWritten', path, errorText(error))));
  }

  write(tree: TreeId, spec: string, { at, ...figures }: HistoryPoint): void {
    const rounded = Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Math.round(value * 10) / 10]));
    this.#file.write(`${JSON.stringify({ time: new Date(at).toISOString(), tree, spec, ...rounded })}\n`, () => undefined);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
