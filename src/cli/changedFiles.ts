import { stat } from 'node:fs/promises';
import { SettledChange } from './settledChange.ts';

/** Time between two looks while nothing changes, and while something does, in milliseconds. */
const lookMillis = 1000;
const changingMillis = 100;

/**
 * Looks at files once a second, also at those that do not exist, and says when they have changed. A look asks the system for their properties: that sees
 * editors that write by renaming, folders that are replaced, links that lead elsewhere, and file systems that do not tell of changes.
 */
export class ChangedFiles implements Disposable {
  readonly #paths: () => Iterable<string>;
  readonly #changed: () => Promise<void>;
  readonly #change = new SettledChange();
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;

  /**
   * @param paths Absolute; asked before each look.
   * @param changed Called after the first look, too, one call after the other; may not reject.
   */
  constructor(paths: () => Iterable<string>, changed: () => Promise<void>) {
    this.#paths = paths;
    this.#changed = changed;
    void this.#look();
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const stamps = await Promise.all([...this.#paths()].map(stampOf));
    if (this.#isDisposed) return;
    const state = this.#change.look(stamps.join('\n'), performance.now());
    if (state === 'settled') await this.#changed();
    if (this.#isDisposed) return;
    const look = (): void => void this.#look();
    // What is looked for here keeps no program running.
    this.#timer = (state === 'changing' ? setTimeout(look, changingMillis) : setTimeout(look, lookMillis)).unref();
  }
}

/** Another one where a file was written, replaced, removed, or made readable. */
async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [path, dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return [path, (error as NodeJS.ErrnoException).code].join(' ');
  }
}
