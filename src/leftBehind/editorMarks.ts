/** What VS Code and agents leave in the environment of what is started in them. */
import type { LeftBehindReason } from '../protocol/leftBehind.ts';
import type { ProcessRow, Surroundings } from './processRow.ts';

/** Sockets of one window, which its extension host serves; in a remote window, the first one is its terminal's, and is there as long as that. */
const windowSockets = ['VSCODE_IPC_HOOK_CLI', 'VSCODE_GIT_IPC_HANDLE'] as const;
/** The socket of the editor's main process, which all its windows share. */
const editorSocket = 'VSCODE_IPC_HOOK';
/** The editor's main process, or the server of remote windows. */
const editorPids = ['VSCODE_PID', 'VSCODE_PARENT_PID'] as const;
/** The npm script that runs the process. */
export const scriptVariable = 'npm_lifecycle_event';

/** What agents set for the commands that they run. */
const agentVariables = [
  'CLAUDECODE',
  'CODEX_SANDBOX',
  'CODEX_SANDBOX_NETWORK_DISABLED',
  'CURSOR_AGENT',
  'GEMINI_CLI',
  'GOOSE_TERMINAL',
  'OPENCODE',
  'AGENT',
  'AI_AGENT',
] as const;

export const environmentMarks = [...windowSockets, editorSocket, ...editorPids, ...agentVariables, scriptVariable] as const;

/** Whether an agent has started it. */
export function isOfAgent({ environment }: Pick<ProcessRow, 'environment'>): boolean {
  return agentVariables.some((name) => environment.has(name));
}

/** Maximum length of a socket's path that is asked for, in characters: the kernel takes 108 bytes. */
const maxSocketPath = 108;

/** The sockets that the environment names. */
export function socketsOf({ environment }: Pick<ProcessRow, 'environment'>): string[] {
  return [...windowSockets, editorSocket].flatMap((name) => {
    const path = environment.get(name);
    return path?.startsWith('/') && path.length <= maxSocketPath ? path : [];
  });
}

/**
 * What has become of the window that a process was started in, by its environment: one that may be open is 'open'. Undefined where it names none.
 * `find`: the process of a pid.
 */
export function fateOfWindow(
  row: ProcessRow,
  sockets: Surroundings['sockets'],
  find: (pid: number) => ProcessRow | undefined,
): Exclude<LeftBehindReason, 'parentGone'> | 'open' | undefined {
  const { environment } = row;
  const ofWindow = windowSockets.flatMap((name) => environment.get(name) || []);
  const isOfWindow = [...windowSockets, editorSocket, ...editorPids].some((name) => environment.get(name));
  // What it names may be there where it can be seen.
  if (isOfWindow && !row.sharesNames) return 'open';
  if (ofWindow.length > 0) return ofWindow.every((path) => sockets.get(path) === false) ? 'windowGone' : 'open';
  // Without a mark of its own window, the editor's end is what is known; while that runs, the window may be open.
  const socket = environment.get(editorSocket);
  const pids = editorPids.flatMap((name) => environment.get(name) || []);
  if (!socket && pids.length === 0) return undefined;
  const isSocketGone = !socket || sockets.get(socket) === false;
  return isSocketGone && pids.every((pid) => isGone(Number(pid), row, find)) ? 'editorGone' : 'open';
}

/** A process that is younger than what it is said to have started has been given the pid of one that has ended. */
function isGone(pid: number, row: ProcessRow, find: (pid: number) => ProcessRow | undefined): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  const found = find(pid);
  return found === undefined || !found.alive || found.startTime > row.startTime;
}
