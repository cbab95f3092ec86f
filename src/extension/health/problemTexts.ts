import * as vscode from 'vscode';
import type { ProblemTexts } from './healthWatch.ts';

/** The descriptions of problems in the language of the editor. */
export const problemTexts: ProblemTexts = {
  above: (kind, value, threshold) => {
    switch (kind) {
      case 'cpu':
        return vscode.l10n.t('CPU usage is {0}, above the threshold of {1}', value, threshold);
      case 'memory':
        return vscode.l10n.t('memory usage is {0}, above the threshold of {1}', value, threshold);
      case 'processes':
        return vscode.l10n.t('the number of processes is {0}, above the threshold of {1}', value, threshold);
      case 'time':
        return vscode.l10n.t('the running time is {0}, above the threshold of {1}', value, threshold);
    }
  },
  zombies: (count) => (count === 1 ? vscode.l10n.t('1 zombie was not reaped') : vscode.l10n.t('{0} zombies were not reaped', count)),
  failures: (count, time) => vscode.l10n.t('the process failed {0} times in {1}', count, time),
  growth: (bytes, time) => vscode.l10n.t('memory usage grew steadily by {0} in {1}', bytes, time),
  forecast: (kind, bytes, time, bound, rest) =>
    kind === 'limit'
      ? vscode.l10n.t('memory usage grew steadily by {0} in {1} and reaches its limit of {2} in about {3}', bytes, time, bound, rest)
      : vscode.l10n.t('memory usage grew steadily by {0} in {1} and takes all that this machine has left in about {2}', bytes, time, rest),
  unusual: (figure, value, usual, runs) => {
    switch (figure) {
      case 'memory':
        return vscode.l10n.t('memory usage of {0} is unusual for this process (usually {1}, last {2} runs)', value, usual, runs);
      case 'cpu':
        return vscode.l10n.t('CPU time of {0} is unusual for this process (usually {1}, last {2} runs)', value, usual, runs);
      case 'time':
        return vscode.l10n.t('a running time of {0} is unusual for this process (usually {1}, last {2} runs)', value, usual, runs);
    }
  },
};
