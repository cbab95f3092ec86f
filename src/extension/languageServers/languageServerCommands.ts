import * as vscode from 'vscode';
import { reveal } from '../commandUtilities.ts';
import type { Row } from '../processTree/row.ts';
import { pickOne, tellInfo } from '../tell.ts';
import type { LanguageServer } from './client/languageServer.ts';
import type { LanguageServers } from './languageServers.ts';
import type { ServerStatus, TraceLevel } from './serverStatus.ts';

type Handler = (row: Row | undefined) => Promise<void>;

/** The commands for a language server. */
export function languageServerCommands(servers: LanguageServers): Record<string, Handler> {
  const on =
    (work: (server: LanguageServer) => unknown): Handler =>
    async (row) => {
      const name = row?.kind === 'languageServer' ? row.process : await pick(servers);
      if (name !== undefined) await work(await servers.find(name));
    };
  return {
    startLanguageServer: on((server) => server.start()),
    stopLanguageServer: on((server) => server.stop()),
    restartLanguageServer: on((server) => server.restart()),
    setLanguageServerTrace: on(setTrace),
    showLanguageServerOutput: on((server) => server.showOutput()),
    revealLanguageServer: on(({ name }) => {
      const declared = servers.declared(name);
      return declared && reveal(declared);
    }),
  };
}

async function pick(servers: LanguageServers): Promise<string | undefined> {
  if (servers.all.length === 0) {
    void tellInfo(vscode.l10n.t('processes.json declares no language servers.'));
    return undefined;
  }
  const items = servers.all.map(({ name, phase }: ServerStatus) => ({ label: name, description: phase.at, name }));
  return (await pickOne(items, { placeHolder: vscode.l10n.t('Select a language server'), ignoreFocusOut: true }))?.name;
}

async function setTrace(server: LanguageServer): Promise<void> {
  const labels: Readonly<Record<TraceLevel, string>> = {
    off: vscode.l10n.t('Off'),
    messages: vscode.l10n.t('Messages'),
    verbose: vscode.l10n.t('Messages with their contents'),
  };
  const levels: readonly TraceLevel[] = ['off', 'messages', 'verbose'];
  const items = levels.map((level) => ({
    label: labels[level],
    description: level === server.status.trace ? vscode.l10n.t('current') : '',
    level,
  }));
  const chosen = await pickOne(items, {
    placeHolder: vscode.l10n.t('Select what is written to the output of {0}', server.name),
    ignoreFocusOut: true,
  });
  if (chosen === undefined) return;
  await server.setTrace(chosen.level);
  if (chosen.level !== 'off') server.showOutput();
}
