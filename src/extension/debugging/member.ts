import * as vscode from 'vscode';
import { describePrograms } from '../../client/wardenCommands.ts';
import { isDebugpyAdapter, nameOf, type ProgramAccess, runtimeOf } from '../../debugging/main.ts';
import type { Program } from '../../protocol/programs.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { labelOf } from '../../protocol/trees.ts';
import type { Process } from '../processes.ts';
import { pickOne } from '../tell.ts';
import type { WardenLink } from '../wardenLink.ts';

export interface DebuggingParts {
  readonly link: WardenLink;
  /** The warden's program. */
  readonly wardenScript: string;
  /** Where profiles are kept. */
  readonly storage: vscode.Uri;
  /** What lives as long as the extension. */
  readonly subscriptions: vscode.Disposable[];
}

export type RunningProcess = Process & { readonly tree: TreeSnapshot };

type Wanted = 'node' | 'node or python';

/** One member of a tree, and what may be done to it. */
export interface Member {
  readonly program: Program;
  /** All of its tree. */
  readonly all: readonly Program[];
  readonly access: ProgramAccess;
}

/**
 * The member with this pid, or else one that can be debugged: the only one, or the one that the user selects. Undefined when the user cancels.
 * @throws Error where there is none.
 */
export async function memberOf(
  { tree }: RunningProcess,
  pid: number | undefined,
  wanted: Wanted,
  { link, wardenScript }: DebuggingParts,
): Promise<Member | undefined> {
  const all = await describePrograms(
    wardenScript,
    tree.members.filter(({ zombie }) => !zombie).map((member) => member.pid),
  );
  const program = pid === undefined ? await pickProgram(all, wanted, labelOf(tree)) : all.find((one) => one.pid === pid);
  if (program === undefined && pid !== undefined) throw new Error(vscode.l10n.t('Process {0} of “{1}” has ended.', pid, labelOf(tree)));
  const access: ProgramAccess = {
    look: async (one) => (await describePrograms(wardenScript, [one])).at(0),
    sendSigusr1: async ({ pid: target, startTime }) => {
      const client = await link.clientOf(tree.id);
      await client.signal({ tree: tree.id, signal: 'SIGUSR1', pid: target, startTime });
    },
  };
  return program && { program, all, access };
}

async function pickProgram(programs: readonly Program[], wanted: Wanted, label: string): Promise<Program | undefined> {
  const fitting = programs.filter((program) => {
    const runtime = runtimeOf(program);
    return runtime === 'node' || (runtime === 'python' && wanted !== 'node' && !isDebugpyAdapter(program));
  });
  if (fitting.length === 0)
    throw new Error(
      wanted === 'node'
        ? vscode.l10n.t('No process of “{0}” is a Node.js process.', label)
        : vscode.l10n.t('No process of “{0}” is a Node.js or Python process.', label),
    );
  if (fitting.length === 1) return fitting[0];
  const items = fitting.map((program) => ({ label: program.name, description: String(program.pid), detail: program.commandLine, program }));
  return (await pickOne(items, { placeHolder: vscode.l10n.t('Select a process of {0}', label), ignoreFocusOut: true }))?.program;
}

/** The inspector stays open for every user of this machine, so that is said. */
export function staysOpenText(program: Program, address: string): string {
  return vscode.l10n.t(
    'The inspector of {0} could not be closed again. It stays open at {1} until the process ends.',
    nameOf(program),
    address,
  );
}
