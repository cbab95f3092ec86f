import * as vscode from 'vscode';
import { type ProfileKind, ProfileStore, withInspector, writeCpuProfile, writeHeapSnapshot } from '../../debugging/main.ts';
import { errorText } from '../../protocol/errors.ts';
import { labelOf } from '../../protocol/trees.ts';
import { tellError, tellInfo, tellWarning, withCancellation } from '../tell.ts';
import { type DebuggingParts, type Member, memberOf, type RunningProcess, staysOpenText } from './member.ts';

/** Duration of a CPU profile, in milliseconds. */
const profileMillis = 10_000;

interface Recording {
  readonly kind: ProfileKind;
  readonly title: (name: string) => string;
  readonly done: (name: string) => string;
  readonly write: typeof writeHeapSnapshot;
}

/** Records which functions a Node.js process of a tree runs, and opens the profile. */
export async function cpuProfile(process: RunningProcess, pid: number | undefined, parts: DebuggingParts): Promise<void> {
  await record(process, pid, parts, {
    kind: 'cpuprofile',
    title: (name) => vscode.l10n.t('CPU profile of {0}, {1} s…', name, profileMillis / 1000),
    done: (name) => vscode.l10n.t('The CPU profile of {0} was recorded.', name),
    write: (inspector, path, signal) => writeCpuProfile(inspector, path, profileMillis, signal),
  });
}

/** Writes what a Node.js process of a tree has in its heap, and opens the snapshot. The process stands still meanwhile. */
export async function heapSnapshot(process: RunningProcess, pid: number | undefined, parts: DebuggingParts): Promise<void> {
  await record(process, pid, parts, {
    kind: 'heapsnapshot',
    title: (name) => vscode.l10n.t('Heap snapshot of {0}…', name),
    done: (name) => vscode.l10n.t('The heap snapshot of {0} was written.', name),
    write: writeHeapSnapshot,
  });
}

async function record(process: RunningProcess, pid: number | undefined, parts: DebuggingParts, recording: Recording): Promise<void> {
  const member = await memberOf(process, pid, 'node', parts);
  if (member === undefined) return;
  const label = labelOf(process.tree);
  const name = `${label} (${member.program.pid})`;
  const store = new ProfileStore(parts.storage.fsPath);
  const path = await store.newFile(label, member.program.pid, recording.kind);
  let isKept = false;
  try {
    await withCancellation(recording.title(name), async (signal) => {
      await recordTo(path, member, recording, signal);
      isKept = !signal.aborted;
    });
  } finally {
    if (!isKept) await store.remove(path);
  }
  if (isKept) await show(recording.done(name), vscode.Uri.file(path));
}

/** A cancelled one is no failure. */
async function recordTo(path: string, { program, access }: Member, { write }: Recording, signal: AbortSignal): Promise<void> {
  try {
    const { staysOpenAt } = await withInspector(program, access, (inspector) => write(inspector, path, signal));
    if (staysOpenAt !== undefined) void tellWarning(staysOpenText(program, staysOpenAt));
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function show(message: string, file: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand('vscode.open', file);
  offerToSave(message, file).catch((error: unknown) => void tellError(errorText(error)));
}

/** The file is one of the last few that are kept. */
async function offerToSave(message: string, file: vscode.Uri): Promise<void> {
  const save = vscode.l10n.t('Save As…');
  if ((await tellInfo(message, save)) !== save) return;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const fileName = file.path.split('/').at(-1) ?? '';
  const target = await vscode.window.showSaveDialog(folder ? { defaultUri: vscode.Uri.joinPath(folder, fileName) } : {});
  if (target) await vscode.workspace.fs.copy(file, target, { overwrite: true });
}
