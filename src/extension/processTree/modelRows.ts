import { clockTime } from '../../protocol/format.ts';
import type { ModelSnapshot } from '../../protocol/models.ts';
import { budgetText, memoryText, modelStateText, runtimeText, speedText } from '../../protocol/modelText.ts';
import { isLive, usedTogether } from '../../protocol/trees.ts';
import { hasWords } from './filterWords.ts';
import type { Row, RowSource, Shown } from './row.ts';

/** The source of a model's row. */
export interface ModelSource {
  readonly name: string;
  readonly group: string;
  readonly description?: string | undefined;
  readonly runtime: string;
  /** Undefined before the warden knows of it. */
  readonly snapshot?: ModelSnapshot | undefined;
}

/** The models whose name, description, group or runtime contain each word of the filter. */
export function filterModels(models: readonly ModelSource[], filter: string): readonly ModelSource[] {
  return models.filter(({ name, group, description, runtime }) => hasWords(filter, [name, group, description, runtime]));
}

/** `ready  34.1 tokens/s  2 waiting  0.3 %  1.2 GB  GPU 3.2 GB`, above its servers; of one that is not loaded, what it takes. */
export function modelRow(
  { name, description, runtime, snapshot }: ModelSource,
  servers: readonly RowSource[],
  shown: Shown,
  rowOfServer: (server: RowSource) => Row,
): Row {
  const id = `model:${name}`;
  const shared = { id, kind: 'model', label: name, process: name } as const;
  const children = servers.map(rowOfServer);
  const kind = runtime === 'remote' ? 'remote' : 'declared';
  if (snapshot === undefined || snapshot.state === 'cold')
    return {
      ...shared,
      description: [description ?? (snapshot ? runtimeText(snapshot) : runtime), memoryText(snapshot?.memory)].filter(Boolean).join('  '),
      icon: 'hubot',
      context: `model.cold.${kind}`,
      children,
    };
  const trees = servers.flatMap(({ tree }) => (tree && isLive(tree) ? tree : []));
  const ready = snapshot.instances.filter(({ state }) => state === 'ready').length;
  const parts = [
    (snapshot.state === 'waiting' && snapshot.reason) || modelStateText(snapshot),
    snapshot.wanted > 1 && snapshot.state === 'ready' ? `${ready}/${snapshot.wanted} servers` : '',
    speedText(snapshot),
    snapshot.remoteHost === undefined ? '' : runtimeText(snapshot),
    budgetText(snapshot),
    snapshot.queued > 0 ? `${snapshot.queued} waiting` : '',
    trees.length > 0 ? shown.figures.text(id, usedTogether(trees)) : '',
    snapshot.unloadAt === undefined ? '' : `until ${clockTime(snapshot.unloadAt)}`,
    snapshot.state === 'failed' ? (snapshot.reason.split('\n')[0] ?? '') : '',
  ];
  return {
    ...shared,
    description: parts.filter(Boolean).join('  '),
    ...lookOf(snapshot),
    context: `model.${stageOf(snapshot)}.${kind}`,
    children,
  };
}

function stageOf({ state }: ModelSnapshot): 'loaded' | 'cold' | 'busy' {
  if (state === 'ready') return 'loaded';
  return state === 'failed' ? 'cold' : 'busy';
}

function lookOf({ state, outstanding }: ModelSnapshot): { readonly icon: string; readonly colour?: string } {
  switch (state) {
    case 'cold':
      return { icon: 'hubot' };
    case 'waiting':
    case 'loading':
      return { icon: 'loading~spin' };
    case 'ready':
      return { icon: 'hubot', colour: outstanding > 0 ? 'charts.blue' : 'charts.green' };
    case 'draining':
      return { icon: 'loading~spin', colour: 'charts.yellow' };
    case 'failed':
      return { icon: 'error', colour: 'charts.red' };
  }
}
