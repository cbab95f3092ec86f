import { spawnSync } from 'node:child_process';
import type { Dimensions } from '../protocol/startRequest.ts';

/** What is typed into this process, for the tree on the node; the terminal there echoes, so this one does not. */
export class Input {
  constructor() {
    const { stdin } = process;
    if (stdin.isTTY) {
      stdin.setRawMode(true);
      // The terminal there has made a return and a newline of each newline; Node leaves that on here.
      spawnSync('stty', ['-opost'], { stdio: [stdin.fd, 'ignore', 'ignore'] });
    }
    stdin.on('error', () => undefined);
  }

  /** Where it goes from now on; what is typed before the first call waits. */
  use(take: (data: Buffer) => void): void {
    process.stdin.removeAllListeners('data').on('data', take);
  }

  /** At once, and at every change; never where this process has no terminal. */
  onResize(resize: (dimensions: Dimensions) => void): void {
    const { stdout } = process;
    if (!stdout.isTTY) return;
    const tell = (): void => resize({ columns: stdout.columns, rows: stdout.rows });
    stdout.removeAllListeners('resize').on('resize', tell);
    tell();
  }
}
