/** What a run of a process looks like in a list and as a document. Independent of the editor and of the clock. */
import { dateAndTime, formatBytes, formatDuration } from '../../protocol/format.ts';
import { type Run, timeOfRun } from '../../protocol/runs.ts';
import type { ExitStatus } from '../../protocol/snapshot.ts';
import { visible } from '../../protocol/visible.ts';

/** How a run has ended, translated. */
export interface RunResult {
  readonly state: string;
  readonly reason: string;
}

export interface RunLook {
  /** A codicon and its theme color. */
  readonly icon: string;
  readonly colour?: string;
}

/** As the row of its process shows it. */
export function lookOfRun(state: string): RunLook {
  switch (state) {
    case 'running':
      return { icon: 'circle-filled', colour: 'charts.green' };
    case 'succeeded':
      return { icon: 'check', colour: 'charts.green' };
    case 'failed':
      return { icon: 'error', colour: 'charts.red' };
    case 'unknown':
      return { icon: 'question' };
    default:
      return { icon: 'circle-slash' };
  }
}

/** `code 3`, `SIGKILL`; empty where there is none. */
export function exitText(exit: ExitStatus | undefined): string {
  if (exit === undefined) return '';
  return exit.signal ?? (exit.code === null ? '' : `code ${exit.code}`);
}

/** All that is kept of it; `label`: of its instance. */
export function documentOfRun(run: Run, label: string, { state, reason }: RunResult): string {
  const facts: [string, string][] = [
    ['Process', label],
    ['Result', [state, reason].filter(Boolean).join(', ')],
    ['Exit', exitText(run.exit)],
    ['Trigger', run.trigger ?? ''],
    ['Started', dateAndTime(run.startedAt)],
    ['Ended', run.endedAt === undefined ? '' : dateAndTime(run.endedAt)],
    ['Time', timeOfRun(run)],
    ['CPU', run.cpuMillis === undefined ? '' : formatDuration(run.cpuMillis)],
    ['Memory', run.peakMemoryBytes === undefined ? '' : formatBytes(run.peakMemoryBytes)],
  ];
  const lines = facts.filter(([, value]) => value !== '').map(([name, value]) => `${`${name}:`.padEnd(9)}${value}`);
  const { lastLines = [] } = run;
  return [...lines, '', ...(lastLines.length > 0 ? ['Last output:', ...lastLines] : ['No output is kept.']), ''].map(visible).join('\n');
}
