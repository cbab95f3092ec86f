import type { GatewayInfo, ModelSnapshot } from '../protocol/models.ts';
import { budgetText, modelStateText, runtimeText, speedText } from '../protocol/modelText.ts';
import { table } from './table.ts';

const header = ['NAME', 'RUNTIME', 'STATE', 'SERVERS', 'QUEUE', 'REQUESTS', 'TOKENS', 'SPEED', 'ADDRESS'];
const numeric = new Set(['SERVERS', 'QUEUE', 'REQUESTS', 'TOKENS', 'SPEED']);

/** What `tree-warden models` prints: a line a model. `gateway`: of the model's warden; null where none is open. */
export function modelTable(rows: readonly { readonly model: ModelSnapshot; readonly gateway: GatewayInfo | null }[]): string[] {
  const cells = rows.map(row);
  if (rows.every(({ model }) => model.budget === undefined)) return table(header, cells, numeric);
  const withBudget = rows.map(({ model }, index) => [...(cells[index] ?? []), budgetText(model) || '-']);
  return table([...header, 'BUDGET'], withBudget, numeric);
}

export function readyOf(instances: ModelSnapshot['instances']): number {
  return instances.filter(({ state }) => state === 'ready').length;
}

function row({ model, gateway }: { readonly model: ModelSnapshot; readonly gateway: GatewayInfo | null }): string[] {
  const { name, instances, wanted, queued, statistics } = model;
  const { requests, inputTokens, outputTokens } = statistics;
  return [
    name,
    runtimeText(model),
    modelStateText(model),
    model.remoteHost === undefined ? `${readyOf(instances)}/${wanted}` : '-',
    String(queued),
    String(requests),
    String(inputTokens + outputTokens),
    speedText(model) || '-',
    addressOf(gateway),
  ];
}

/** As OpenAI's clients want it; `-` where no gateway is open. */
function addressOf(gateway: GatewayInfo | null): string {
  return gateway ? `${gateway.url}/v1` : '-';
}
