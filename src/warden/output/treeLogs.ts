import { join } from 'node:path';
import { errorText } from '../../protocol/errors.ts';
import type { StartRequest, TreeId } from '../../protocol/messages.ts';
import type { Journal } from '../journal.ts';
import { LogFile } from './logFile.ts';

export interface TreeLogsParts {
  readonly logFolder: string;
  readonly journal: Journal;
  /** A person has to be told. */
  alert(message: string): void;
}

/** Where the trees' output is kept on disk. */
export class TreeLogs {
  readonly #parts: TreeLogsParts;

  constructor(parts: TreeLogsParts) {
    this.#parts = parts;
  }

  /**
   * A file for all of its output; only the path where it writes there by itself (`before`: where it has done so until now), and
   * nothing where its output is somebody else's.
   */
  logFor(id: TreeId, { stdio, name }: Pick<StartRequest, 'stdio' | 'name'>, before?: string): LogFile | string | undefined {
    switch (stdio) {
      case 'inherit':
        return undefined;
      case 'file':
        return before ?? this.#pathFor(id, name);
      default:
        return this.#open(id, name);
    }
  }

  #pathFor(id: TreeId, name: string): string {
    const safe = name.replaceAll(/[^\w.-]+/g, '_').slice(0, 60);
    return join(this.#parts.logFolder, `${safe}-${id.slice(0, 8)}.log`);
  }

  #open(id: TreeId, name: string): LogFile {
    return new LogFile(this.#pathFor(id, name), (error) => {
      this.#parts.journal.write({ event: 'log-failed', tree: id, spec: name, reason: errorText(error) });
      this.#parts.alert(`The log of '${name}' cannot be written: ${errorText(error)}. It runs on, and its newest output stays in memory.`);
    });
  }
}
