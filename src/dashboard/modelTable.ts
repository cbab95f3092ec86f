import { formatDuration } from '../protocol/format.ts';
import type { AnswerStatistics, InstanceSnapshot, ModelSnapshot } from '../protocol/models.ts';
import { modelStateText, speedText } from '../protocol/modelText.ts';
import { labelOf } from '../protocol/trees.ts';
import { visible } from '../protocol/visible.ts';
import { byId, make } from './element.ts';
import { text } from './texts.ts';

const columns = ['model', 'state', 'servers', 'waiting', 'requests', 'failed', 'tokensIn', 'tokensOut', 'firstToken', 'speed'] as const;
type Column = (typeof columns)[number];

/** What each model has answered, and below one of several servers what each of those has; nothing where there are no models. */
export function drawModels(models: readonly ModelSnapshot[]): void {
  const table = byId('models');
  table.hidden = models.length === 0;
  const head = make('tr', {});
  head.append(...columns.map((column) => cell('th', column, text(column))));
  const rows = models.flatMap((model) => [
    row('model-row', cellsOf(model)),
    ...(model.instances.length > 1 ? model.instances.map((server) => row('server-row', cellsOfServer(model.name, server))) : []),
  ]);
  table.replaceChildren(head, ...rows);
}

function row(kind: 'model-row' | 'server-row', cells: Record<Column, string>): HTMLElement {
  const made = make('tr', { class: kind });
  made.append(...columns.map((column) => cell('td', column, cells[column])));
  return made;
}

function cell(tag: 'th' | 'td', column: Column, content: string): HTMLElement {
  const made = make(tag, { class: column, ...(tag === 'th' && { scope: 'col' }) });
  made.textContent = visible(content);
  return made;
}

function cellsOf(model: ModelSnapshot): Record<Column, string> {
  const { name, instances, wanted, queued } = model;
  return {
    model: name,
    state: modelStateText(model),
    servers: `${instances.filter(({ state }) => state === 'ready').length}/${wanted}`,
    waiting: String(queued),
    ...figuresOf(model),
  };
}

function cellsOfServer(model: string, server: InstanceSnapshot): Record<Column, string> {
  const { name, state, outstanding } = server;
  const doing = state === 'ready' && outstanding > 0 ? `busy ${outstanding}` : state;
  return { model: labelOf({ name, pool: model }), state: doing, servers: '', waiting: '', ...figuresOf(server) };
}

function figuresOf(answering: { readonly statistics: AnswerStatistics }) {
  const { requests, failures, inputTokens, outputTokens, firstTokenMillis } = answering.statistics;
  return {
    requests: String(requests),
    failed: String(failures),
    tokensIn: String(inputTokens),
    tokensOut: String(outputTokens),
    firstToken: firstTokenMillis === undefined ? '' : formatDuration(firstTokenMillis),
    speed: speedText(answering),
  };
}
