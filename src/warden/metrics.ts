import { Counter, Gauge, Registry } from 'prom-client';
import type { InstanceSnapshot } from '../protocol/models.ts';
import type { Journal, JournalRecord } from './journal.ts';
import type { ModelService } from './models/modelService.ts';
import type { Supervisor } from './supervisor.ts';

export interface MetricsSources {
  readonly supervisor: Supervisor;
  readonly models: Pick<ModelService, 'freshSnapshots' | 'serverMetrics'>;
  readonly journal: Journal;
}

/** Metrics for other tools, in Prometheus' text format, named as OpenMetrics asks: base units, counters end in `_total`. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #models: MetricsSources['models'];
  readonly #measure: readonly (() => Promise<void>)[];

  constructor({ supervisor, models, journal }: MetricsSources) {
    this.#models = models;
    countEvents(this.#registry, journal);
    const ofTrees = measureTrees(this.#registry, supervisor);
    this.#measure = [measureModels(this.#registry, models), ofTrees];
  }

  /** Everything, measured now. */
  async text(): Promise<string> {
    for (const measure of this.#measure) await measure();
    return `${await this.#registry.metrics()}${await this.#models.serverMetrics()}`;
  }
}

/** What the journal tells: each record that counts, one more. */
function countEvents(registry: Registry, journal: Journal): void {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name: `tree_warden_${name}`, help, labelNames: [...labelNames], registers });
  const spawned = counter('trees_spawned_total', 'Trees that were started.', ['spec']);
  const restarted = counter('trees_restarted_total', 'Trees that were restarted under the same name.', ['spec']);
  const failedStarts = counter('tree_start_failures_total', 'Trees whose leader could not be spawned.', ['spec']);
  const ended = counter('trees_ended_total', 'Trees that have ended, by how: succeeded, exited, failed, killed, unkillable.', [
    'spec',
    'cause',
  ]);
  const limits = counter('limits_reached_total', 'Limits that were reached, by their name; `time` is a timeout.', ['spec', 'limit']);
  const steps = counter('escalation_steps_total', 'Steps of stops, by the signal that was sent to all members.', ['spec', 'signal']);
  const failures = counter('cleanup_failures_total', 'Times that something could not be ended, or removed.', []);
  const known = new Set<string>();
  const count: { [event in JournalRecord['event']]?: (record: JournalRecord, spec: string) => void } = {
    spawned: (_record, spec) => {
      spawned.inc({ spec });
      if (known.has(spec)) restarted.inc({ spec });
      known.add(spec);
    },
    'start-failed': (_record, spec) => failedStarts.inc({ spec }),
    ended: ({ state = 'exited' }, spec) => ended.inc({ spec, cause: state }),
    'limit-reached': ({ limit = '' }, spec) => limits.inc({ spec, limit }),
    escalation: ({ signal }, spec) => steps.inc({ spec, signal: signal ?? '' }),
    'cleanup-failed': () => failures.inc(),
  };
  journal.onRecord((record) => count[record.event]?.(record, record.spec ?? ''));
}

/** Metrics of one kind of thing, with its labels; they are set anew before each scrape. */
function family(registry: Registry, kind: string, labels: readonly string[]) {
  const all: { reset(): void }[] = [];
  const keep = <M extends { reset(): void }>(metric: M): M => {
    all.push(metric);
    return metric;
  };
  const registers = [registry];
  return {
    gauge: (name: string, help: string): Gauge =>
      keep(new Gauge({ name: `tree_warden_${kind}_${name}`, help, labelNames: [...labels], registers })),
    counter: (name: string, help: string, more: readonly string[] = []): Counter =>
      keep(new Counter({ name: `tree_warden_${kind}_${name}_total`, help, labelNames: [...labels, ...more], registers })),
    reset: () => {
      for (const metric of all) metric.reset();
    },
  };
}

/** What is sampled; what is returned is to be called, and waited for, before each scrape. */
function measureTrees(registry: Registry, supervisor: Supervisor): () => Promise<void> {
  const { gauge, counter, reset } = family(registry, 'tree', ['spec', 'tree']);
  const trees = new Gauge({
    name: 'tree_warden_trees',
    help: 'Trees that have not ended, by their state.',
    labelNames: ['state'],
    registers: [registry],
  });
  const memory = gauge('memory_bytes', 'Resident memory of all members; shared pages count in each of them.');
  const processes = gauge('processes', 'Members, zombies among them.');
  const zombies = gauge('zombies', 'Members that have ended and were not reaped.');
  const threads = gauge('threads', 'Threads of all members.');
  const started = gauge('start_time_seconds', 'When the tree was started, in seconds since 1970.');
  const gpuMemory = gauge('gpu_memory_bytes', 'Memory of GPUs that members use; only of trees that use any.');
  const gpu = gauge('gpu_ratio', 'Share of a GPU that members use, 1 for a whole one; only of trees that use any.');
  const cpu = counter('cpu_seconds', 'CPU time of all who have been seen in the tree.');
  const read = counter('storage_read_bytes', 'Bytes read from storage by all who have been seen in the tree.');
  const written = counter('storage_written_bytes', 'Bytes written to storage by all who have been seen in the tree.');
  return async () => {
    await supervisor.sample();
    trees.reset();
    reset();
    for (const { id, request, state, startedAt, figures, metrics } of supervisor.running) {
      const of = { spec: request.name, tree: id };
      trees.inc({ state });
      memory.set(of, figures.memoryBytes);
      processes.set(of, figures.members.length);
      zombies.set(of, figures.zombies);
      threads.set(
        of,
        figures.members.reduce((sum, member) => sum + member.threads, 0),
      );
      started.set(of, startedAt / 1000);
      if (figures.gpu) {
        gpuMemory.set(of, figures.gpu.memoryBytes);
        gpu.set(of, figures.gpu.percent / 100);
      }
      cpu.inc(of, metrics.used.cpuMillis / 1000);
      read.inc(of, metrics.used.readBytes);
      written.inc(of, metrics.used.writtenBytes);
    }
  };
}

/** What the gateway counts; what is returned is to be called, and waited for, before each scrape. */
function measureModels(registry: Registry, models: Pick<ModelService, 'freshSnapshots'>): () => Promise<void> {
  const ofModels = family(registry, 'model', ['model']);
  const ofServers = family(registry, 'model_server', ['model', 'server']);
  const servers = ofModels.gauge('servers', 'Servers that are ready.');
  const queued = ofModels.gauge('queued_requests', 'Requests that wait for a server.');
  const answers = { ofModel: measureAnswers(ofModels), ofServer: measureAnswers(ofServers) };
  return async () => {
    const snapshots = await models.freshSnapshots();
    ofModels.reset();
    ofServers.reset();
    for (const snapshot of snapshots) {
      const { name: model, instances } = snapshot;
      servers.set({ model }, instances.filter(({ state }) => state === 'ready').length);
      queued.set({ model }, snapshot.queued);
      answers.ofModel({ model }, snapshot);
      for (const server of instances) answers.ofServer({ model, server: server.name }, server);
    }
  };
}

/** What a model and each of its servers have alike. */
function measureAnswers({ gauge, counter }: ReturnType<typeof family>) {
  const outstanding = gauge('outstanding_requests', 'Requests that are being answered.');
  const firstToken = gauge('first_token_seconds', 'Until the first of an answer came, the mean of the last fifty.');
  const waited = gauge('queue_seconds', 'How long requests waited for a server, the mean of the last fifty.');
  const speed = gauge('tokens_per_second', 'Tokens of one answer a second, the mean of the last fifty.');
  const requests = counter('requests', 'Requests, whatever became of them.');
  const failures = counter('request_failures', 'Requests that were refused or failed.');
  const tokens = counter('tokens', 'Tokens as the servers have counted them.', ['direction']);
  return (
    of: Readonly<Record<string, string>>,
    { outstanding: now, statistics }: Pick<InstanceSnapshot, 'outstanding' | 'statistics'>,
  ): void => {
    const { firstTokenMillis, queueMillis, tokensPerSecond } = statistics;
    outstanding.set(of, now);
    if (firstTokenMillis !== undefined) firstToken.set(of, firstTokenMillis / 1000);
    if (queueMillis !== undefined) waited.set(of, queueMillis / 1000);
    if (tokensPerSecond !== undefined) speed.set(of, tokensPerSecond);
    requests.inc(of, statistics.requests);
    failures.inc(of, statistics.failures);
    tokens.inc({ ...of, direction: 'in' }, statistics.inputTokens);
    tokens.inc({ ...of, direction: 'out' }, statistics.outputTokens);
  };
}
