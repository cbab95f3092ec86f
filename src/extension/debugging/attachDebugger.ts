import * as vscode from 'vscode';
import { closeInspector, debugpyAddress, nameOf, openInspector, runtimeOf } from '../../debugging/main.ts';
import { labelOf } from '../../protocol/trees.ts';
import { tellWarning, withNotification } from '../tell.ts';
import { type DebuggingParts, type Member, memberOf, type RunningProcess, staysOpenText } from './member.ts';
import { SessionWatch } from './sessionWatch.ts';

/** Attaches the editor's debugger to a Node.js or Python process of a tree. */
export async function attachDebugger(process: RunningProcess, pid: number | undefined, parts: DebuggingParts): Promise<void> {
  const member = await memberOf(process, pid, 'node or python', parts);
  if (member === undefined) return;
  if (runtimeOf(member.program) === 'python') await attachToPython(process, member);
  else await attachToNode(process, member, parts);
}

async function attachToNode(process: RunningProcess, { program, access }: Member, parts: DebuggingParts): Promise<void> {
  const name = titleOf(process, program.pid);
  const opening = openInspector(program, access);
  const settled = opening.then(
    () => undefined,
    () => undefined,
  );
  await withNotification(vscode.l10n.t('Attaching to {0}…', name), settled);
  const inspector = await opening;
  const { host: address, port } = inspector;
  const watch = inspector.wasOpened ? new SessionWatch({ name, port }) : undefined;
  if (watch) {
    parts.subscriptions.push(watch);
    void watch.ended.then(async () => {
      if (!(await closeInspector(inspector))) void tellWarning(staysOpenText(program, `${address}:${port}`));
    });
  }
  try {
    await start(process, {
      type: 'node',
      request: 'attach',
      name,
      address,
      port,
      cwd: process.tree.cwd,
      skipFiles: ['<node_internals>/**'],
    });
  } catch (error) {
    watch?.giveUp();
    throw error;
  }
}

/** Where debugpy listens; nothing is put into a process that does not have it. */
async function attachToPython(process: RunningProcess, { program, all }: Member): Promise<void> {
  const others = all.filter(({ pid }) => pid !== program.pid);
  const connect = debugpyAddress(program, others);
  if (connect === undefined)
    throw new Error(
      vscode.l10n.t(
        'No debugger can attach to {0}: it does not listen for one. Start it with debugpy: python -m debugpy --listen 5678 FILE',
        nameOf(program),
      ),
    );
  await start(process, { type: 'debugpy', request: 'attach', name: titleOf(process, program.pid), connect, justMyCode: true });
}

/** @throws Error where there is no session. */
async function start({ declared }: RunningProcess, configuration: vscode.DebugConfiguration): Promise<void> {
  if (!(await vscode.debug.startDebugging(declared?.folder, configuration)))
    throw new Error(
      vscode.l10n.t(
        'The debugger of type “{0}” could not be attached to {1}. Is its extension installed?',
        configuration.type,
        configuration.name,
      ),
    );
}

function titleOf({ tree }: RunningProcess, pid: number): string {
  return `${labelOf(tree)} (${pid})`;
}
