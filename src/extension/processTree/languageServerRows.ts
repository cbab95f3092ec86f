import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { isLive } from '../../protocol/trees.ts';
import type { ServerPhase } from '../languageServers/serverPhase.ts';
import type { ServerStatus } from '../languageServers/serverStatus.ts';
import { hasWords } from './filterWords.ts';
import type { Row, Shown } from './row.ts';

/** The source of a language server's row. */
export interface LanguageServerSource extends ServerStatus {
  readonly group: string;
  /** Of its processes. */
  readonly snapshot?: TreeSnapshot | undefined;
}

/** The servers whose name, version or group contain each word of the filter. */
export function filterLanguageServers(servers: readonly LanguageServerSource[], filter: string): readonly LanguageServerSource[] {
  return servers.filter(({ name, group, version }) => hasWords(filter, [name, group, version]));
}

/** `0.3 %  210 MB  12 requests/min  4.3.3`, above its processes. */
export function languageServerRow(server: LanguageServerSource, shown: Shown, rowsOfMembers: (tree: TreeSnapshot) => Row[]): Row {
  const { name, phase, snapshot, version, requestsPerMinute, restarts, trace, changed, undeclared } = server;
  const id = `languageServer:${name}`;
  const tree = snapshot && isLive(snapshot) ? snapshot : undefined;
  const isUp = phase.at === 'running' || phase.at === 'starting';
  const parts = [
    withoutWord.has(phase.at) ? '' : phase.at,
    differs({ changed, undeclared }),
    tree === undefined ? '' : shown.figures.text(id, tree),
    phase.at === 'running' ? shown.rates.text(id, requestsPerMinute) : '',
    isUp ? (version ?? '') : '',
    'reason' in phase ? (phase.reason.split('\n')[0] ?? '') : '',
    restarts > 0 && isUp ? `restarted ${restarts} ×` : '',
    trace === 'off' ? '' : `trace: ${trace}`,
  ];
  const context = `languageServer.${phase.at}${undeclared ? '' : '.declared'}`;
  const description = parts.filter(Boolean).join('  ');
  const children = tree ? rowsOfMembers(tree) : [];
  const stale = undeclared ? 'undeclared' : changed ? 'changed' : undefined;
  return {
    id,
    kind: 'languageServer',
    label: name,
    process: name,
    description,
    ...(stale && { stale }),
    ...lookOf(phase),
    context,
    children,
  };
}

/** What a row of this phase says is enough. */
const withoutWord: ReadonlySet<ServerPhase['at']> = new Set(['idle', 'running', 'stopped', 'failed']);

/** How what runs differs from what is declared. */
function differs({ changed, undeclared }: Pick<ServerStatus, 'changed' | 'undeclared'>): string {
  if (undeclared) return 'no longer declared';
  return changed ? 'changed; restart to apply' : '';
}

function lookOf({ at }: ServerPhase): { readonly icon: string; readonly colour?: string } {
  switch (at) {
    case 'idle':
      return { icon: 'circle-outline' };
    case 'starting':
      return { icon: 'loading~spin' };
    case 'running':
      return { icon: 'circle-filled', colour: 'charts.green' };
    case 'stopping':
      return { icon: 'loading~spin', colour: 'charts.yellow' };
    case 'restarting':
      return { icon: 'debug-restart', colour: 'charts.yellow' };
    case 'stopped':
      return { icon: 'circle-slash' };
    case 'crashed':
    case 'failed':
      return { icon: 'error', colour: 'charts.red' };
  }
}
