import type { GatewayInfo, ModelSnapshot } from '../protocol/models.ts';
import { budgetText, memoryText, modelStateText, runtimeText, speedText } from '../protocol/modelText.ts';
import { table } from './table.ts';

const header = ['NAME', 'RUNTIME', 'STATE', 'SERVERS', 'MEMORY', 'QUEUE', 'REQUESTS', 'TOKENS', 'SPEED', 'ADDRESS'];
const numeric = new Set(['SERVERS', 'MEMORY', 'QUEUE', 'REQUESTS', 'TOKENS', 'SPEED']);

/** What `tree-warden models` prints: a line a model, and a line for each that waits for memory or has failed. MEMORY is that of one server. `gateway`: of the model's warden; null where none is open. */
export function modelTable(rows: readonly { readonly model: ModelSnapshot; readonly gateway: GatewayInfo | null }[]): string[] {
  const reasons = rows.flatMap(({ model: { name, state, reason } }) => {
    if (!reason) return [];
    if (state === 'failed') return `${name}: ${reason}`;
    return state === 'waiting' ? `${name} ${reason}` : [];
  });
  const cells = rows.map(row);
  if (rows.every(({ model }) => model.budget === undefined)) return [...table(header, cells, numeric), ...reasons];
  const withBudget = rows.map(({ model }, index) => [...(cells[index] ?? []), budgetText(model) || '-']);
  return [...table([...header, 'BUDGET'], withBudget, numeric), ...reasons];
}

export function readyOf(instances: ModelSnapshot['instances']): number {
  return instances.filter(({ state }) => state === 'ready').length;
}

function row({ model, gateway }: { readonly model: ModelSnapshot; readonly gateway: GatewayInfo | null }): string[] {
  const { name, instances, wanted, memory, queued, statistics } = model;
  const { requests, inputTokens, outputTokens } = statistics;
  return [
    name,
    runtimeText(model),
    modelStateText(model),
    model.remoteHost === undefined ? `${readyOf(instances)}/${wanted}` : '-',
    memoryText(memory) || '-',
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
