import type { ChildProcess } from 'node:child_process';

/** Resolves with the code that the process ended with, and with the problem in words. */
export function exitOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly problem: string }> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 1, problem: error.message }));
    child.once('close', (code, signal) => resolve({ code, problem: signal ? `it was ended by ${signal}` : `it ended with code ${code}` }));
  });
}
