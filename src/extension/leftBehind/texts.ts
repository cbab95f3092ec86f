import * as vscode from 'vscode';
import { formatDuration } from '../../protocol/format.ts';
import type { LeftBehind } from '../../protocol/leftBehind.ts';
import { formatPorts } from '../../protocol/ports.ts';

/** Of a command line, in characters. */
const longestCommand = 200;

/** `vite :5173`. */
export function labelOf(one: LeftBehind): string {
  return [one.program, formatPorts([one])].filter(Boolean).join(' ');
}

/** `vite on :5173, started 3 h ago, its window or terminal is gone`. */
export function describeOne(one: LeftBehind): string {
  const ports = formatPorts([one]);
  const age = ageOf(one.ageMillis);
  const program = one.script === undefined ? one.program : `${one.program} (npm run ${one.script})`;
  return ports === ''
    ? vscode.l10n.t('{0}, started {1} ago, {2}', program, age, reasonOf(one))
    : vscode.l10n.t('{0} on {1}, started {2} ago, {3}', program, ports, age, reasonOf(one));
}

export function detailOf(one: LeftBehind): string {
  const { pid, ageMillis, processes, commandLine, cwd, wantedPorts } = one;
  const parts = [
    vscode.l10n.t('pid {0}, started {1} ago, {2}', pid, ageOf(ageMillis), reasonOf(one)),
    processes > 1 ? vscode.l10n.t('{0} processes', processes) : '',
    wantedPorts.length > 0 ? vscode.l10n.t('holds a port that processes.json names: {0}', wantedPorts.join(', ')) : '',
    cwd,
    commandLine.slice(0, longestCommand),
  ];
  return parts.filter(Boolean).join(' · ');
}

function reasonOf({ reason }: LeftBehind): string {
  switch (reason) {
    case 'windowGone':
      return vscode.l10n.t('its window or terminal is gone');
    case 'editorGone':
      return vscode.l10n.t('its editor is gone');
    case 'parentGone':
      return vscode.l10n.t('what started it is gone');
  }
}

/** In one unit: `3 h`. */
function ageOf(millis: number): string {
  const [large = '', unit = ''] = formatDuration(Math.max(1000, millis)).split(' ');
  return `${Math.round(Number(large))} ${unit}`;
}
