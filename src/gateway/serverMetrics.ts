import type { ModelPool } from './modelPool.ts';

/** Time that a server has to answer with its metrics, in milliseconds; earlier answers are not kept. */
const timeoutMillis = 1000;

/**
 * The metrics of the model servers in Prometheus' text format, with the names of the model and the server as labels. HELP and TYPE lines are left
 * out: they may appear only once for all servers.
 */
export async function serverMetrics(pools: readonly ModelPool[]): Promise<string> {
  const asked = pools.flatMap((pool) => {
    const { metricsPath } = pool.model;
    if (metricsPath === undefined) return [];
    const { name: model, instances } = pool.snapshot();
    return instances.flatMap(({ name: server, state, port }) =>
      (state === 'ready' || state === 'unhealthy') && port !== undefined
        ? [fetchMetrics(`http://127.0.0.1:${port}${metricsPath}`, { model, server })]
        : [],
    );
  });
  return (await Promise.all(asked)).join('');
}

async function fetchMetrics(url: string, labels: Readonly<Record<string, string>>): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMillis) });
    return response.ok ? withLabels(await response.text(), labels) : '';
  } catch {
    return ''; // It is busy, or has just ended: the next scrape asks again.
  }
}

/** Each figure with these labels beside its own; comments are left out, and so is what is none. */
export function withLabels(text: string, labels: Readonly<Record<string, string>>): string {
  const added = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return text
    .split('\n')
    .flatMap((line) => {
      const [, name, own = '', rest] = line.match(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?( .+)$/) ?? [];
      if (name === undefined || rest === undefined) return [];
      return [`${name}{${[...added, own].filter(Boolean).join(',')}}${rest}\n`];
    })
    .join('');
}
