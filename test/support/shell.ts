import { type IPty, spawn } from 'node-pty';
import { eventually, type Run } from './run.ts';

/** An interactive shell on a terminal of its own, as a person has it: with job control. */
export class InteractiveShell implements Disposable {
  readonly #pty: IPty;
  /** Everything that was seen so far. */
  screen = '';

  constructor(run: Run) {
    const env = { ...run.env, PS1: '> ', HISTFILE: '' } as Record<string, string>;
    this.#pty = spawn('bash', ['--norc', '--noprofile', '-i'], { cwd: run.workFolder, env, cols: 200, rows: 50 });
    this.#pty.onData((data) => {
      this.screen += data;
    });
  }

  /** A line, or single keys. */
  type(keys: string): void {
    this.#pty.write(keys);
  }

  /** Waits until this is seen behind what was there before. */
  async sees(pattern: RegExp, from = 0): Promise<void> {
    await eventually(`${pattern} in ${JSON.stringify(this.screen)}`, () => pattern.test(this.screen.slice(from))).catch(() => {
      throw new Error(`${pattern} is not in ${JSON.stringify(this.screen.slice(from))}`);
    });
  }

  [Symbol.dispose](): void {
    // Its terminal goes, and with it what has it.
    this.#pty.kill('SIGKILL');
  }
}
