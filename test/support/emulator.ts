import headless from '@xterm/headless';
import { type IPty, spawn } from 'node-pty';
import { eventually, type Run } from './run.ts';

const size = { cols: 80, rows: 24 };

/** A program on a terminal of its own, and what a person sees of it. */
export class Emulator implements Disposable {
  readonly #pty: IPty;
  readonly #terminal = new headless.Terminal({ ...size, allowProposedApi: true });
  /** Everything that was written to the terminal. */
  written = '';
  /** Undefined while it runs. */
  exit: { readonly exitCode: number; readonly signal?: number | undefined } | undefined;

  constructor(run: Run, line: readonly [string, ...string[]], options: { readonly env?: NodeJS.ProcessEnv } = {}) {
    const [program, ...args] = line;
    const { NO_COLOR: _, ...inherited } = run.env;
    const env = { ...inherited, TERM: 'xterm-256color', ...options.env } as Record<string, string>;
    this.#pty = spawn(program, args, { cwd: run.workFolder, env, ...size });
    this.#pty.onData((data) => {
      this.written += data;
      this.#terminal.write(data);
    });
    this.#pty.onExit((exit) => {
      this.exit = exit;
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  type(keys: string): void {
    this.#pty.write(keys);
  }

  resize(cols: number, rows: number): void {
    this.#pty.resize(cols, rows);
    this.#terminal.resize(cols, rows);
  }

  /** Its lines, without the space behind them. */
  get lines(): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from(
      { length: this.#terminal.rows },
      (_, row) =>
        active
          .getLine(active.viewportY + row)
          ?.translateToString()
          .trimEnd() ?? '',
    );
  }

  /** `alternate`: a program has the whole screen. */
  get screen(): 'normal' | 'alternate' {
    return this.#terminal.buffer.active.type;
  }

  /** The first line that matches. */
  async sees(pattern: RegExp): Promise<string> {
    return await eventually(`${pattern}`, () => this.lines.find((line) => pattern.test(line))).catch(() => {
      throw new Error(`${pattern} is not in\n${this.lines.join('\n')}`);
    });
  }

  async seesNot(pattern: RegExp): Promise<void> {
    await eventually(`no ${pattern}`, () => !this.lines.some((line) => pattern.test(line))).catch(() => {
      throw new Error(`${pattern} is in\n${this.lines.join('\n')}`);
    });
  }

  [Symbol.dispose](): void {
    if (this.exit === undefined) this.#pty.kill('SIGKILL');
    this.#terminal.dispose();
  }
}
