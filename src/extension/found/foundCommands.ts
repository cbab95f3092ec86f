import * as vscode from 'vscode';
import { reveal } from '../commandUtilities.ts';
import { isRunning, type Processes } from '../processes.ts';
import type { Row } from '../processTree/row.ts';
import { withProgress } from '../progress.ts';
import { pickOne, tellBriefly, tellInfo } from '../tell.ts';
import type { Terminals } from '../terminals.ts';
import type { WorkspaceSpecs } from '../workspaceSpecs.ts';
import type { FoundEntry, FoundProcesses } from './foundProcesses.ts';
import { keepProcess } from './keepProcess.ts';

export interface FoundCommandParts {
  readonly found: FoundProcesses;
  readonly processes: Processes;
  readonly specs: WorkspaceSpecs;
  readonly terminals: Terminals;
}

type Handler = (row: Row | undefined) => Promise<void>;

/** The commands for what was found in the workspace. */
export function foundCommands(parts: FoundCommandParts): Record<string, Handler> {
  const { found, specs } = parts;
  const on =
    (work: (entry: FoundEntry) => Promise<unknown>): Handler =>
    async (row) => {
      const entry = row?.kind === 'found' || row?.kind === 'process' ? found.find(row.process) : await pick(found);
      if (entry) await work(entry);
    };
  return {
    runFound: on((entry) => runFound(parts, entry)),
    keepFound: on(async (entry) => {
      await keepProcess(entry);
      await specs.reload();
      tellBriefly(vscode.l10n.t('“{0}” is in processes.json now', entry.name), 5000);
    }),
    hideFound: on((entry) => found.hide(entry)),
    revealFound: on((entry) => reveal(entry)),
    showHidden: () => found.showHidden(),
    showFound: () => showFound(),
  };
}

/** Where it was switched off. */
async function showFound(): Promise<void> {
  const settings = vscode.workspace.getConfiguration('treeWarden');
  const isOfWorkspace = settings.inspect('showFound')?.workspaceValue !== undefined;
  await settings.update('showFound', 'auto', isOfWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global);
}

/** As it was found, under the same guarantee as what is declared. */
export async function runFound(
  { processes, terminals }: FoundCommandParts,
  { name, command, cwd, env, shared, folder }: FoundEntry,
): Promise<void> {
  const before = processes.find(name);
  if (before && isRunning(before)) {
    terminals.show(before.tree);
    return;
  }
  const spec = {
    command: typeof command === 'string' ? command : ([...command] as [string, ...string[]]),
    ...(cwd !== undefined && { cwd }),
    ...((env ?? shared?.env) && { env: { ...shared?.env, ...env } }),
  };
  terminals.show(await withProgress(vscode.l10n.t('Starting {0}…', name), processes.startFound(name, spec, folder)));
}

async function pick(found: FoundProcesses): Promise<FoundEntry | undefined> {
  await found.want();
  if (found.shown.length === 0) {
    void tellInfo(vscode.l10n.t('Nothing that can be run was found in this workspace.'));
    return undefined;
  }
  const items = found.shown.map((entry) => ({
    label: entry.name,
    description: [entry.command].flat().join(' '),
    detail: entry.source,
    entry,
  }));
  return (await pickOne(items, { placeHolder: vscode.l10n.t('Select a process that was found in this workspace'), ignoreFocusOut: true }))
    ?.entry;
}
