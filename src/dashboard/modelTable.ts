import { formatDuration } from '../protocol/format.ts';
import type { ModelSnapshot } from '../protocol/models.ts';
import { modelStateText, speedText } from '../protocol/modelText.ts';
import { byId, make } from './element.ts';
import { text } from './texts.ts';

const columns = ['model', 'state', 'servers', 'waiting', 'requests', 'failed', 'tokensIn', 'tokensOut', 'firstToken', 'speed'] as const;
type Column = (typeof columns)[number];

/** What a model has answered, a row each; nothing where there are no models. */
export function drawModels(models: readonly ModelSnapshot[]): void {
  const table = byId('models');
  table.hidden = models.length === 0;
  const head = make('tr', {});
  head.append(...columns.map((column) => cell('th', column, text(column))));
  const rows = models.map((model) => {
    const cells = cellsOf(model);
    const row = make('tr', {});
    row.append(...columns.map((column) => cell('td', column, cells[column])));
    return row;
  });
  table.replaceChildren(head, ...rows);
}

function cell(tag: 'th' | 'td', column: Column, content: string): HTMLElement {
  const made = make(tag, { class: column, ...(tag === 'th' && { scope: 'col' }) });
  made.textContent = content;
  return made;
}

function cellsOf(model: ModelSnapshot): Record<Column, string> {
  const { name, instances, wanted, queued, statistics } = model;
  const { requests, failures, inputTokens, outputTokens, firstTokenMillis } = statistics;
  return {
    model: name,
    state: modelStateText(model),
    servers: `${instances.filter(({ state }) => state === 'ready').length}/${wanted}`,
    waiting: String(queued),
    requests: String(requests),
    failed: String(failures),
    tokensIn: String(inputTokens),
    tokensOut: String(outputTokens),
    firstToken: firstTokenMillis === undefined ? '' : formatDuration(firstTokenMillis),
    speed: speedText(model),
  };
}
